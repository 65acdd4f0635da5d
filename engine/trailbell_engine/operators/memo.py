"""Remembered answers about texts: audit events repeat addresses and names, and a look-up is cheaper than a scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from trailbell_engine.values import Json

from .base import Check

MEMORY_BYTES: Final = 64 << 20
"""What all memos of a matcher may hold together."""
LONGEST: Final = 256
"""Longer texts are not remembered: they seldom come again, and few of them would fill the memory."""
_SLOT_BYTES: Final = 120  # a dictionary's slot with its share of the room that is kept free for growth

Memo: TypeAlias = dict[str, Any]


class Memory:
    """The bytes that many memos share. When they are used up every memo starts afresh.

    So no stream of new values can make a process grow; and what it costs to find the answers to the usual values again
    is paid once in as many new values as fill the memory.

    Attributes:
        limit_bytes: what the memos may hold together, by estimate.
        used_bytes: what they hold.
        misses: how often an answer had to be found. Many more than before, per event, means values that never repeat.
        clears: how often the memos started afresh.
    """

    __slots__ = ("_memos", "clears", "limit_bytes", "misses", "used_bytes")

    def __init__(self, limit_bytes: int = MEMORY_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self.misses = 0
        self.clears = 0
        self._memos: list[Memo | set[str]] = []

    def memo(self) -> Memo:
        """A new memo. Read it directly; what is not there is found out and handed to ``keep``."""
        memo: Memo = {}
        self._memos.append(memo)
        return memo

    def noted(self) -> set[str]:
        """A new set of texts, for what needs no answer. Half the size of a memo, it stays in faster memory longer."""
        texts: set[str] = set()
        self._memos.append(texts)
        return texts

    def keep(self, memo: Memo, text: str, answer: Any, answer_bytes: int = 0) -> None:
        """Remember an answer that had to be found, if the text is not too long.

        Args:
            memo: one of this memory's.
            text: what was asked about.
            answer: what was found.
            answer_bytes: the size of the answer, unless it is shared.
        """
        self.misses += 1
        if len(text) <= LONGEST:
            memo[text] = answer
            self.used_bytes += text.__sizeof__() + _SLOT_BYTES + answer_bytes
            if self.used_bytes > self.limit_bytes:
                self.clear()

    def note(self, texts: set[str], text: str) -> None:
        """Remember that a text is one of this memory's set, if it is not too long."""
        self.misses += 1
        if len(text) <= LONGEST:
            texts.add(text)
            self.used_bytes += text.__sizeof__() + _SLOT_BYTES
            if self.used_bytes > self.limit_bytes:
                self.clear()

    def clear(self) -> None:
        """Forget everything."""
        for memo in self._memos:
            memo.clear()
        self.used_bytes = 0
        self.clears += 1

    def counters(self) -> Mapping[str, int]:
        """The counts, for whoever watches."""
        return {name: getattr(self, name) for name in ("limit_bytes", "used_bytes", "misses", "clears")}


def remembered(check: Check, memory: Memory) -> Check:
    """The same check of texts, with its answers at hand. What is no text does not pass."""
    memo = memory.memo()
    recall, keep = memo.get, memory.keep

    def holds(value: Json) -> bool:
        if value.__class__ is not str:
            return False
        answer = recall(value)
        if answer is None:
            answer = check(value)
            keep(memo, value, answer)
        return answer

    return holds
