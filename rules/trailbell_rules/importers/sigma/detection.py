"""The detection of a rule or a filter: named searches and a condition over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from trailbell_engine.values import Json

from .condition import any_of, condition_predicate
from .fields import FieldMap
from .unsayable import Unsayable
from .values import Predicate, conjunction, field_predicate


def detection_predicate(detection: Json, fields: FieldMap) -> Predicate:
    """The predicate of ``detection:``; of several conditions, which are rules of their own to Sigma, any.

    Raises:
        Unsayable: with the reason.
    """
    if not isinstance(detection, dict):
        raise Unsayable("it has no detection")
    if "timeframe" in detection:
        raise Unsayable("`timeframe` belongs to aggregations, which Sigma has given up for correlations")
    searches = _searches({name: value for name, value in detection.items() if name != "condition"}, fields)
    conditions = detection.get("condition")
    given = conditions if isinstance(conditions, list) else [conditions]
    texts = [text for text in given if isinstance(text, str)]
    if not texts or len(texts) < len(given):
        raise Unsayable("its detection has no condition")
    return any_of([condition_predicate(text, searches) for text in texts])


def _searches(detection: Mapping[str, Any], fields: FieldMap) -> dict[str, Callable[[], Predicate]]:
    return {name: partial(_search, name, value, fields) for name, value in detection.items()}


def _search(name: str, value: Json, fields: FieldMap) -> Predicate:
    if isinstance(value, dict) and value:
        return conjunction([field_predicate(field, entry, fields) for field, entry in value.items()])
    if isinstance(value, list) and value and all(isinstance(entry, dict) and entry for entry in value):
        return any_of([_search(name, entry, fields) for entry in value])
    if value is None or value in ({}, []):
        raise Unsayable(f'the search "{name}" is empty')
    raise Unsayable(f'the search "{name}" looks for texts anywhere in the event, and our tests are about fields')
