"""What became of one attempt to deliver: the only thing a channel tells the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it.

    Attributes:
        reference: the receiver's own name for it, such as a Slack ``ts``; may be empty.
    """

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """It certainly did not arrive, and may arrive later.

    Attributes:
        reason: in words for people, without secrets.
        after_s: the receiver asked for this pause (``Retry-After``), seconds; None if it did not.
    """

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """It did not arrive, and the same attempt will not do better.

    Attributes:
        reason: in words for people, without secrets.
        kind: ``receiver`` if the fault is in address, credentials or rights, which an operator can mend;
            ``payload`` if the receiver will never take this message.
    """

    reason: str
    kind: Literal["receiver", "payload"]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The request left and no answer came: it may have arrived. The next attempt carries the same delivery id.

    Attributes:
        reason: in words for people, without secrets.
    """

    reason: str


Receipt: TypeAlias = Delivered | Retry | Rejected | Ambiguous
