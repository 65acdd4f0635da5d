"""A command of the operator's: the native JSON document on its standard input, its exit status is the answer.

No shell: the arguments are a list, and nothing of an event is ever among them. The command gets a small environment,
ends with its whole process group when its time is over, and of what it prints only the beginning is kept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from trailbell_engine.system_errors import system_words
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from trailbell_notifiers.secret import Secret, as_secret, redact
from trailbell_notifiers.words.text import fit, one_line

from .native import native_json

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A command that gets the alert as JSON on its standard input.",
    "properties": {
        "argv": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": 100,
            "description": "The program and its arguments, each as it is: no shell reads them.",
        },
        "env": {
            "type": "object",
            "additionalProperties": True,
            "description": "Environment variables for it; values are treated as secrets.",
        },
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 600,
            "description": "Until it is killed with all it started; default 30.",
        },
    },
    "required": ["argv"],
    "additionalProperties": False,
}
TIMEOUT_S: Final = 30.0
PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""Of our own environment a command sees these and no more: not the tokens of other receivers."""
_PAYLOAD_STATUSES: Final = frozenset({65})  # sysexits.h: EX_DATAERR
_RECEIVER_STATUSES: Final = frozenset({64, 66, 67, 68, 69, 72, 73, 77, 78, 126, 127})  # sysexits.h; shells
_DRAIN_S: Final = 0.5
"""How long output is waited for that a child's own children still hold open after the child has ended."""


def build(name: str, settings: Mapping[str, Any]) -> Command:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: if there is no such program, or a value cannot be an argument or a variable.
    """
    argv = tuple(str(part) for part in settings["argv"])
    env = {str(key): as_secret(value) for key, value in settings.get("env", {}).items()}
    if any("\0" in part for part in argv) or not argv[0]:
        raise ChannelError(f"the argv of command `{name}` holds what no argument can", "no NUL, and a program first")
    for key, value in env.items():
        if not key or "=" in key or "\0" in key + value.reveal():
            raise ChannelError(f"command `{name}` cannot set the variable {key!r}")
    if shutil.which(argv[0]) is None:
        raise ChannelError(
            f"command `{name}`: there is no program {argv[0]!r}", "give its whole path, and make it executable"
        )
    return Command(name, argv, env, float(settings.get("timeout_s", TIMEOUT_S)))


class Command:
    """One program with its arguments."""

    targets = ("",)
    rate: Rate | None = None

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, Secret] | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.name = name
        self._argv = list(argv)
        self._env = dict(env or {})
        self._timeout_s = timeout_s

    def __repr__(self) -> str:
        return f"Command(name={self.name!r}, program={self._argv[0]!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:  # noqa: ARG002  # travels in the environment
        """The native JSON document. Pure."""
        return native_json(message)

    def probe(self) -> Receipt:
        """Whether the program is there. It is not started."""
        found = shutil.which(self._argv[0])
        if found is None:
            return Rejected(f"there is no program {self._argv[0]!r}", "receiver")
        return Delivered(f"{Path(found)} is there; not started, since any start may count as an alert")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Start it once with the body on its standard input. Blocks for about ``timeout_s`` at most."""
        try:
            run = _Run(self._argv, self._environment(attempt))
        except OSError as error:
            return Rejected(f"cannot start {self._argv[0]}: {system_words(error).lower()}", "receiver")
        status = run.finish(body, self._timeout_s)
        if status is None:
            return Ambiguous(f"{self._argv[0]} was killed after {self._timeout_s:g} s")
        return self._receipt(status, run.output, run.errors)

    def _environment(self, attempt: Attempt) -> dict[str, str]:
        own = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        delivery = {"TRAILBELL_DELIVERY_ID": attempt.delivery_id, "TRAILBELL_ATTEMPT": str(attempt.number)}
        return own | {name: value.reveal() for name, value in self._env.items()} | delivery

    def _receipt(self, status: int, output: bytes, errors: bytes) -> Receipt:
        if status == 0:
            return Delivered(self._said(output))
        words = self._said(errors)
        how = f"ended with {status}" if status > 0 else f"was ended by signal {-status}"
        reason = f"{self._argv[0]} {how}{': ' if words else ''}{words}"
        if status in _PAYLOAD_STATUSES:
            return Rejected(reason, "payload")
        return Rejected(reason, "receiver") if status in _RECEIVER_STATUSES else Retry(reason)

    def _said(self, stream: bytes) -> str:
        """The first line of what it printed."""
        line = next((line for line in stream.decode("utf-8", "replace").splitlines() if line.strip()), "")
        return redact(fit(one_line(line), 200), self._env.values())


class _Run:
    """A started process. Each pipe has a thread, so that no side can block the other."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self.output = b""
        self.errors = b""
        self._process = subprocess.Popen(  # noqa: S603  # the operator's own words, without a shell
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # its own process group, to be killed as a whole
            close_fds=True,
        )

    def finish(self, body: bytes, timeout_s: float) -> int | None:
        """Feed it, wait, and leave nothing of it behind; its exit status, or None if it had to be killed."""
        process = self._process
        threads = [
            threading.Thread(target=work, args=arguments, daemon=True)
            for work, arguments in (
                (_feed, (process.stdin, body)),
                (self._keep, (process.stdout, "output")),
                (self._keep, (process.stderr, "errors")),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        self._kill_group()
        process.wait()
        for thread in threads:
            thread.join(_DRAIN_S)  # a grandchild in a session of its own may hold a pipe open for ever
        return status

    def _kill_group(self) -> None:
        """Kill what is left of the group, which outlives its leader where a child of it goes on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _keep(self, pipe: IO[bytes], name: str) -> None:
        """Keep the beginning of a stream and read the rest away, so that the writer is not held up."""
        with pipe, contextlib.suppress(OSError, ValueError):
            while piece := os.read(pipe.fileno(), 65_536):
                kept = getattr(self, name)
                setattr(self, name, kept + piece[: limits.COMMAND_OUTPUT_BYTES - len(kept)])


def _feed(pipe: IO[bytes], body: bytes) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:  # a command need not read what it is given
        pipe.write(body)
