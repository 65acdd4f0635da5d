"""Rows of Parquet as Python's values: the same whatever else is installed, and whatever a cell holds.

Left to itself pyarrow makes nanoseconds objects of pandas, or an error where that is not installed; and one cell that
Python has no value for (a date in the year 30,000, a text that is no UTF-8) is an error for all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pyarrow as pa

_Kind: TypeAlias = Any
"""A type of Arrow."""


def rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows, each with all columns.

    Times have microseconds. A cell that is no value of its kind is a text that says so, or the bytes that stand there.

    Raises:
        ValueError: for a kind of column that has no form in Python, such as an object with two fields of one name.
    """
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*map(_values, batch.columns), strict=True)]


def _values(column: pa.Array) -> list[Any]:
    kind = _changed(column.type, _in_microseconds)
    column = column if kind == column.type else column.cast(kind, safe=False)
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):  # one cell is enough
        return [_value(column.slice(row, 1)) for row in range(len(column))]


def _value(cell: pa.Array) -> Any:
    try:
        return cell.to_pylist()[0]
    except (OverflowError, ValueError):
        return cell.cast(_changed(cell.type, _as_it_stands), safe=False).to_pylist()[0]


def _changed(kind: _Kind, change: Callable[[_Kind], _Kind]) -> _Kind:
    """The type with another one for each that holds no others."""
    types = pa.types
    if types.is_struct(kind):
        return pa.struct([field.with_type(_changed(field.type, change)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_changed(kind.key_type, change), _changed(kind.item_type, change))
    if types.is_dictionary(kind):
        return _changed(kind.value_type, change)
    for is_list, list_of in ((types.is_list, pa.list_), (types.is_large_list, pa.large_list)):
        if is_list(kind):
            return list_of(kind.value_field.with_type(_changed(kind.value_type, change)))
    if types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(_changed(kind.value_type, change)), kind.list_size)
    return change(kind)


def _in_microseconds(kind: _Kind) -> _Kind:
    types = pa.types
    if types.is_timestamp(kind):
        return pa.timestamp("us" if kind.unit == "ns" else kind.unit, _known_zone(kind.tz))
    if types.is_time64(kind):
        return pa.time64("us")
    return pa.duration("us") if types.is_duration(kind) and kind.unit == "ns" else kind


def _known_zone(name: str | None) -> str | None:
    """The name of a zone, or UTC if this machine knows none of that name: the instants are the same."""
    try:
        return name and pa.lib.string_to_tzinfo(name) and name
    except (ValueError, LookupError):
        return "UTC"


def _as_it_stands(kind: _Kind) -> _Kind:
    types = pa.types
    if types.is_timestamp(kind) or types.is_date(kind):
        return pa.string()
    return pa.large_binary() if types.is_string(kind) or types.is_large_string(kind) else kind
