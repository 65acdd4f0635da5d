"""Kinds of things that a configuration can name: our own, and those that other packages offer as entry points."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

_Maker = TypeVar("_Maker")


class Makers(Generic[_Maker]):
    """Who makes what of each kind: a module (or an object) with ``SCHEMA`` and ``build``.

    Our own kinds cannot be replaced; of two packages that offer the same name the first one counts.
    """

    def __init__(
        self, what: str, own: Mapping[str, str], group: str, error: Callable[[str, str], Exception], shape: str
    ) -> None:
        """Nothing is imported yet.

        Args:
            what: all of them are, in a word.
            own: kind -> our module that makes it.
            group: of the entry points.
            error: of a message and of what to do, raised where a package offers what cannot be used.
            shape: where a package's author reads what it has to offer.
        """
        self._what, self._own, self._group, self._error, self._shape = what, own, group, error, shape

    def kinds(self) -> tuple[str, ...]:
        """Our own, then the others by name."""
        return (*self._own, *sorted(self._offered))

    def of(self, kind: str) -> _Maker:
        """What makes this kind; it is imported now.

        Raises:
            Exception: the ``error`` given, if a package offers the kind and what it offers cannot be used.
        """
        maker: Any
        if kind in self._own:
            maker = importlib.import_module(self._own[kind])
            return cast("_Maker", maker)
        entry = self._offered[kind]
        package = entry.dist.name if entry.dist is not None else entry.value
        words = f"the {self._what} `{kind}` of {package}"
        try:
            maker = entry.load()
        except Exception as error:  # somebody else's code, which may fail in any way when it is imported
            raise self._error(f"{words} cannot be loaded: {type(error).__name__}", "") from error
        if not isinstance(getattr(maker, "SCHEMA", None), dict) or not callable(getattr(maker, "build", None)):
            raise self._error(f"{words} has no SCHEMA and build", f"see {self._shape}")
        return cast("_Maker", maker)

    @cached_property
    def _offered(self) -> Mapping[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for entry in entry_points(group=self._group):
            if entry.name not in self._own:
                found.setdefault(entry.name, entry)
        return found
