"""Why something of a Sigma rule is not imported."""

from __future__ import annotations


class Unsayable(ValueError):  # noqa: N818 - it says what the thing is
    """Something that our language does not say exactly. The message is the reason, one sentence for people."""
