"""What a problem's code is: a sentence, a reason, and two examples, from which its page and its tests are made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .problem import ProblemSeverity

_FILE: Final = re.compile(r"^# (\S+\.(?:ya?ml|txt|csv))$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The declaration of one code.

    Attributes:
        name: stable, kebab-case.
        summary: what it says, one or two sentences.
        why: why it hurts.
        bad: an example that has this problem and no other; see ``files``.
        good: the same, mended.
        severity: errors keep a rule from loading or fail the check; warnings do neither.
        encoding: of the bad example as a file.
        lint: it is about rules that load, so a rule may say that it is meant so: ``# trailbell: ignore[code] reason``.
    """

    name: str
    summary: str
    why: str
    bad: str
    good: str
    severity: ProblemSeverity = "error"
    encoding: str = "utf-8"
    lint: bool = False


def files(example: str) -> Mapping[str, str]:
    """The files of an example: each begins with a comment that holds its name alone, which is part of its text.

    Empty if the example is no file but a command or something to be told in words.
    """
    starts = list(_FILE.finditer(example))
    ends = [*(found.start() for found in starts), len(example)][1:]
    return {found[1]: example[found.start() : end] for found, end in zip(starts, ends, strict=True)}
