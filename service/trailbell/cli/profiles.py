"""Summaries of events for commands that look at what they are like: of files that are named, or of the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from .exits import Exit, Failure, say

if TYPE_CHECKING:
    from trailbell.profile import Profile
    from trailbell.store.address import Address


def profile_of_files(paths: Sequence[str], map_name: str | None, event_type: str | None = None) -> Profile:
    """A summary of the events in files.

    Raises:
        Failure: with exit code 4, if they cannot be read.
    """
    from trailbell.profile import of_source
    from trailbell.sources.errors import SourceError
    from trailbell.sources.files import FileSource
    from trailbell.sources.map_file import load_map

    try:
        return of_source(FileSource(paths, load_map(map_name) if map_name else None), event_type)
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error


def profile_of_store(address: Address, event_type: str | None = None) -> Profile | None:
    """A summary of the newest events of a store; None if there is none. That one cannot be read is said, on stderr."""
    from trailbell.profile import of_store
    from trailbell.store.database import NoStoreError, StoreError, open_database

    try:
        database = open_database(address, write=False)
    except NoStoreError:
        return None
    except StoreError as error:
        say(Failure(Exit.SOURCE, f"history was left out: {error.message}", error.help))
        return None
    with closing(database):
        return of_store(database, event_type)
