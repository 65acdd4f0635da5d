"""From a name to a connected socket, all of it under one deadline: resolving, trying addresses, and what comes after.

The resolver of an operating system cannot be interrupted. So it is asked on a thread of its own, for which nobody waits
longer than the deadline; and since a name service that is ill is asked again with every attempt, attempts that ask for
the same name at the same time share one question.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from .deadline import Deadline

Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""(host, port) -> addresses, as texts. Raises ``socket.gaierror``."""

MOST_ADDRESSES: Final = 4
"""Of one name so many are tried: they share the time there is."""
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class _Question:
    """What a resolver was asked: the answer when it is there, and who waits for it."""

    def __init__(self) -> None:
        self.answer: Sequence[str] | socket.gaierror | None = None
        self.waiting: list[threading.Event] = []


_open: Final[dict[tuple[Resolver, str, int], _Question]] = {}
_lock: Final = threading.Lock()


def system_resolver(host: str, port: int) -> list[str]:
    """What the operating system resolves; every address once, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def resolve(host: str, port: int, resolver: Resolver, deadline: Deadline) -> Sequence[str]:
    """The addresses of a name.

    Args:
        host: a name or an address.
        port: the resolver is asked for it, too.
        resolver: may take as long as it likes; it is left behind.
        deadline: until when to wait; inside its context.

    Raises:
        socket.gaierror: if there are none, or none came in time.
    """
    if _is_address(host):
        return [host]
    question, answered = _ask(host, port, resolver)
    deadline.wait_for(answered)
    if question.answer is None:
        raise socket.gaierror(socket.EAI_AGAIN, "the name service did not answer in time")
    if isinstance(question.answer, socket.gaierror):
        raise socket.gaierror(*question.answer.args)
    return question.answer


def connect(
    addresses: Sequence[str], port: int, deadline: Deadline, options: Iterable[Any] | None = None
) -> socket.socket:
    """A socket to the first of these addresses that answers, under the deadline from its first packet on.

    Args:
        addresses: as ``resolve`` gave them.
        port: to connect to.
        deadline: the addresses share it.
        options: of the socket, as for ``setsockopt``.

    Raises:
        OSError: if none answers in time.
    """
    last: OSError | None = None
    tried = addresses[:MOST_ADDRESSES]
    for address in tried:
        if deadline.passed:
            break
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(deadline.seconds / len(tried))
            deadline.watch(sock)
            sock.connect(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=_NUMERIC)[0][4])
            sock.settimeout(deadline.seconds)
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last or TimeoutError("no address answered in time")


def _is_address(host: str) -> bool:
    """Whether it is an IP address as such; other spellings of one are the resolver's business."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ask(host: str, port: int, resolver: Resolver) -> tuple[_Question, threading.Event]:
    """The question that is open already, or a new one; and what is set when it is answered."""
    key, answered = (resolver, host, port), threading.Event()
    with _lock:
        question = _open.get(key)
        if question is not None:
            question.waiting.append(answered)
            return question, answered
        question = _open[key] = _Question()
        question.waiting.append(answered)
    threading.Thread(target=_answer, args=(question, key), name=f"resolve {host}", daemon=True).start()
    return question, answered


def _answer(question: _Question, key: tuple[Resolver, str, int]) -> None:
    resolver, host, port = key
    try:
        question.answer = resolver(host, port)
    except socket.gaierror as error:
        question.answer = error
    except (OSError, UnicodeError) as error:
        question.answer = socket.gaierror(str(error))
    finally:
        with _lock:
            del _open[key]
        for answered in question.waiting:
            answered.set()
