"""The store and the state folder, for commands that look at them while an engine may be running."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trailbell_engine.system_errors import system_words

from .exits import Exit, Failure

if TYPE_CHECKING:
    from trailbell.operations import Operation
    from trailbell.store.address import Address
    from trailbell.store.alerts import Alerts, StoredAlert
    from trailbell.store.database import Database
    from trailbell_notifiers.policy.silences import Silence


@contextmanager
def reading(store: Address) -> Iterator[Database]:
    """The store, for reading.

    Raises:
        Failure: if there is none, or it cannot be read.
    """
    from trailbell.store.database import StoreError, open_database

    try:
        database = open_database(store, write=False)
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    try:
        yield database
    finally:
        database.close()


@contextmanager
def reading_if_there(store: Address) -> Iterator[Database | None]:
    """The same, or None if there is none yet."""
    from trailbell.store.database import NoStoreError, StoreError, open_database

    try:
        database = open_database(store, write=False)
    except NoStoreError:
        yield None
        return
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    with closing(database):
        yield database


def wish(
    state: Path, do: str, *, author: str, comment: str = "", subject: str = "", silence: Silence | None = None
) -> Operation:
    """Ask something of the engine of a state folder.

    Raises:
        Failure: if the folder cannot be written.
    """
    from trailbell.operations import submit

    try:
        return submit(state, do, author=author, comment=comment, subject=subject, silence=silence)
    except OSError as error:
        words = f"cannot write {error.filename or state}: {system_words(error)}"
        raise Failure(Exit.CONFIGURATION, words, "run it as the user of the engine") from error


def find_alert(alerts: Alerts, wanted: str) -> StoredAlert:
    """The alert whose id begins so; ``last`` is the newest.

    Raises:
        Failure: if there is none, or more than one.
    """
    found = alerts.newest(1) if wanted == "last" else alerts.find(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(stored.alert.id for stored in found)
        raise Failure(Exit.USAGE, f"several alerts' ids begin with {wanted!r}", ids)
    newest = ", ".join(stored.alert.id[:12] for stored in alerts.newest(3))
    help_ = f"the newest: {newest}" if newest else "there are no alerts yet"
    raise Failure(Exit.USAGE, f"no alert's id begins with {wanted!r}", help_)


def whoami() -> str:
    """The user's name, where nobody says another."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
