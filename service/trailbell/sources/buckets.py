"""Folders of objects, on this machine or behind an fsspec URL (``s3://bucket/AWSLogs``): listed level by level."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from trailbell_engine.timestamps import SECOND_US, from_datetime

from .errors import SourceError

_HELP: Final = "check the address, and the rights to list and to read what is there"


class GoneError(SourceError):
    """There is no such object or folder, or not any more."""


class Item(NamedTuple):
    """An object below a bucket's root.

    Attributes:
        key: its path from the root, with slashes.
        size_bytes: as stored.
        changed_us: when it was written, microseconds UTC; None if the store does not say.
    """

    key: str
    size_bytes: int
    changed_us: int | None


class Bucket(Protocol):
    """A tree of objects.

    Attributes:
        shown: its address for people, without credentials.
    """

    @property
    def shown(self) -> str:
        """Its address for people, without credentials."""

    def level(self, folder: str) -> tuple[list[str], list[Item]]:
        """The folders and the objects right in a folder (``""`` is the root), as they are now.

        Raises:
            SourceError: if it cannot be listed.
        """

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The bytes of an object, as stored.

        Raises:
            SourceError: if it cannot be read; also while it is being read.
        """


class FolderBucket:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self.shown = str(folder)

    def level(self, folder: str) -> tuple[list[str], list[Item]]:
        """See ``Bucket``."""
        folders: list[str] = []
        items: list[Item] = []
        with _explained(f"{self.shown}/{folder}".rstrip("/")), os.scandir(self._root / folder) as entries:
            for entry in entries:
                key = f"{folder}/{entry.name}".lstrip("/")
                if entry.is_dir():
                    folders.append(key)
                elif entry.is_file():
                    status = entry.stat()
                    # A file that was moved here, or copied with its old date, is new here.
                    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
                    items.append(Item(key, status.st_size, changed_ns // 1000))
        return folders, items

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See ``Bucket``."""
        with _explained(f"{self.shown}/{key}"), (self._root / key).open("rb") as stream:
            yield stream


class FsspecBucket:
    """A folder in whatever fsspec knows: S3, Google Cloud Storage, Azure, SFTP, memory."""

    def __init__(self, filesystem: Any, root: str, shown: str) -> None:
        """Prepare; nothing is asked yet.

        Args:
            filesystem: an ``fsspec.AbstractFileSystem``, which is not typed.
            root: the folder, as the filesystem calls it.
            shown: the address for people.
        """
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self.shown = shown

    def level(self, folder: str) -> tuple[list[str], list[Item]]:
        """See ``Bucket``."""
        path = f"{self._root}/{folder}".rstrip("/")
        with _explained(f"{self.shown}/{folder}".rstrip("/")):
            self._filesystem.invalidate_cache(path)  # what was listed before is not what is there now
            entries = self._filesystem.ls(path, detail=True)
        folders: list[str] = []
        items: list[Item] = []
        for entry in entries:
            key = str(entry["name"]).removeprefix(self._root).strip("/")
            if key == folder:
                continue  # S3 consoles make empty objects that are called as their folder
            if entry["type"] == "directory":
                folders.append(key)
            else:
                items.append(Item(key, int(entry.get("size") or 0), _changed_us(entry)))
        return folders, items

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See ``Bucket``."""
        with _explained(f"{self.shown}/{key}"), self._filesystem.open(f"{self._root}/{key}", "rb") as stream:
            yield stream


def bucket_at(url: str) -> Bucket:
    """The bucket at a path or an fsspec URL; nothing is asked yet.

    Raises:
        ValueError: if the URL has credentials in it, or nobody knows its scheme.
        ImportError: if what the URL needs is not installed.
    """
    if "://" not in url or url.startswith("file://"):
        return FolderBucket(Path(url.removeprefix("file://")))
    if "@" in urlsplit(url).netloc:
        raise ValueError("the address has credentials in it, which would be shown")
    import fsspec

    filesystem, root = fsspec.core.url_to_fs(url)
    return FsspecBucket(filesystem, root, url.rstrip("/"))


def _changed_us(entry: Mapping[str, Any]) -> int | None:
    """When an object was written. fsspec's filesystems each have their own word for it."""
    for name in ("LastModified", "mtime", "last_modified", "updated", "created"):
        value = entry.get(name)
        if isinstance(value, datetime):
            return from_datetime(value)
        if isinstance(value, int | float):
            return int(value * SECOND_US)
    return None


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Errors of whatever storage there is, as errors of a source; most pass, since networks do."""
    try:
        yield
    except SourceError:
        raise
    except FileNotFoundError:
        raise GoneError(f"{where} is not there", _HELP) from None
    except PermissionError:
        raise SourceError(f"{where} must not be read", _HELP) from None
    except NotADirectoryError:
        raise SourceError(f"{where} is no folder", _HELP) from None
    except Exception as error:  # noqa: BLE001 - each storage has its own
        # Only the kind: messages of storage clients may hold signed addresses.
        raise SourceError(f"{where} cannot be read: {type(error).__name__}", transient=True) from None
