"""The values of a list that is kept in a file: perhaps millions, so what is made of them is made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from .values import Json

T = TypeVar("T")


class ValueList(tuple[Json, ...]):  # noqa: SLOT001 - a tuple has no slots to spare, and this one remembers things
    """A list under a name. It is data: rules refer to it by name, and their version does not depend on its content.

    Attributes:
        name: as it was defined.
        digest: of the content, for people who ask whether it is still the same; 12 hex digits.
    """

    name: str
    digest: str
    _derived: dict[Hashable, Any]

    def __new__(cls, values: Iterable[Json], name: str, digest: str) -> ValueList:
        """Collect the values."""
        made = super().__new__(cls, values)
        made.name = name
        made.digest = digest
        made._derived = {}
        return made

    def __reduce__(self) -> tuple[type[ValueList], tuple[tuple[Json, ...], str, str]]:
        """What a copy in another process is made of; it derives for itself."""
        return ValueList, (tuple(self), self.name, self.digest)

    def derived(self, what: Hashable, make: Callable[[], T]) -> T:
        """Something that is made of the values, made at the first question and shared by all rules that ask."""
        if what not in self._derived:
            self._derived[what] = make()
        made: T = self._derived[what]
        return made
