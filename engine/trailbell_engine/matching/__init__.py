"""Which rules an event matches, at a cost that hardly grows with the number of rules.

Every rule is registered under its *anchor*: a test, or a few, of which one must hold if the rule matches, chosen for
being met seldom (``anchors``). All anchors on one field make that field's index (``field``): from a value to the rules
that it is a candidate for, whether by equality (a dictionary), a piece of text at its beginning, its end or anywhere
(``texts``, ``occurrences``, with ``literals`` for patterns) or a span of numbers or addresses (``intervals``). What a
text leads to is remembered. For each event type one function reads the fields that its rules are anchored on, and no
others (``plan``). The few candidates are then asked for the rest of their ``match`` (``rests``, ``matcher``).
"""

from .event_types import event_types
from .matcher import Matcher, Matches
from .postings import Hit

__all__ = ["Hit", "Matcher", "Matches", "event_types"]
