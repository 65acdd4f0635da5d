"""Sigma rules, filters and correlations as rules of ours.

The semantics are those of the Sigma specification 2.1 (https://github.com/SigmaHQ/sigma-specification): its rules,
modifiers, filters and correlation rules appendices.
"""

from .collection import Imported, Refused, import_texts
from .fields import MAPS

__all__ = ["MAPS", "Imported", "Refused", "import_texts"]
