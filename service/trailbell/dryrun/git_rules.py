"""Rules as they were at a commit: the files of a git reference, written to a folder of their own."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from trailbell_rules.load import PACK_PREFIX

_PATIENCE_S: Final = 60
_LARGEST_FILE_BYTES: Final = 16 * 1024 * 1024
"""Rules and their lists are small; what is larger beside them is not unpacked."""
_OF_HOOKS: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What git tells the hooks it calls, relative to a folder that is not the one where we ask."""


class GitError(Exception):
    """The rules of a reference cannot be had.

    Attributes:
        message: what is wrong.
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help_


@contextmanager
def rules_at(reference: str, paths: Sequence[str]) -> Iterator[tuple[Path, list[str]]]:
    """The same paths as they were at a reference, behind the folder they were written to; packs stay as they are.

    Only those that were there are given. The files are gone when the context ends.

    Args:
        reference: a branch, tag or commit.
        paths: files and folders of one repository, and packs.

    Raises:
        GitError: if git, the reference or all of the paths are not there.
    """
    packs = [path for path in paths if path.startswith(PACK_PREFIX)]
    files = [Path(path) for path in paths if not path.startswith(PACK_PREFIX)]
    if not files:
        raise GitError(f"packs have no versions in git, so there is nothing to compare with at {reference!r}")
    root = _root(files[0])
    commit = _commit(root, reference)
    inside = [_inside(root, path) for path in files]
    there = [path for path in inside if _exists(root, commit, path)]
    if not there:
        said = ", ".join(map(str, inside))
        raise GitError(f"at {reference!r} there is no {said}", "a version can be compared only with rules that exist")
    with TemporaryDirectory(prefix="trailbell-rules-") as folder:
        _unpack(root, commit, there, Path(folder))
        named = [Path(folder) / path for path in there]
        found = dict.fromkeys([*named, *_definitions(files, root, Path(folder))])
        yield Path(folder), [*map(str, found), *packs]


def _definitions(files: Sequence[Path], root: Path, folder: Path) -> Iterator[Path]:
    """The definitions that files named by themselves see: those of the folders above them, as far as they are named.

    The loader looks for them above a relative path; the unpacked ones are absolute.
    """
    for file in files:
        if not file.is_dir():
            for above in [file.parent] if file.is_absolute() else file.parents:
                yield from sorted((folder / _inside(root, above)).glob("_*.y*ml"))


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell; git is found by PATH as users expect
            ["git", "-C", str(root), *arguments],  # noqa: S607 - as above
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
            stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name not in _OF_HOOKS},
        )
    except FileNotFoundError:
        raise GitError("git is not installed", "compare with a folder instead: --against OLD_RULES/") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took more than {_PATIENCE_S} s") from None
    if done.returncode:
        raise _failed(arguments[0], done.stderr.decode(errors="replace"), done.returncode)
    return done.stdout


def _failed(command: str, said: str, code: int) -> GitError:
    """In git's words; behind a repository of somebody else, as in containers, it says what to type."""
    words = [line.strip() for line in said.splitlines() if line.strip()] or [f"exit code {code}"]
    fatal = next((line for line in words if line.startswith("fatal: ")), words[-1]).removeprefix("fatal: ")
    return GitError(f"git {command} failed: {fatal}", words[-1] if words[-1].startswith("git config ") else "")


def _root(path: Path) -> Path:
    folder = path if path.is_dir() else path.parent
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    except GitError as error:
        if "not a git repository" not in error.message:
            raise
        raise GitError(f"{path} is in no git repository", "compare with a folder: --against OLD_RULES/") from None


def _commit(root: Path, reference: str) -> str:
    try:
        return (
            _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
            .decode()
            .strip()
        )
    except GitError:
        raise GitError(
            f"{reference!r} is no file or folder, and no branch, tag or commit of {root}",
            "a shallow clone holds only the newest commit: `git fetch origin main:main`, or fetch-depth: 0 in CI",
        ) from None


def _inside(root: Path, path: Path) -> PurePosixPath:
    try:
        return PurePosixPath(path.resolve().relative_to(root.resolve()).as_posix())
    except ValueError:
        raise GitError(f"{path} is not in the repository {root}", "all rules must be in one repository") from None


def _exists(root: Path, commit: str, path: PurePosixPath) -> bool:
    if not path.parts:
        return True
    return bool(_git(root, "ls-tree", "--name-only", "-z", commit, "--", str(path)))


def _unpack(root: Path, commit: str, paths: Sequence[PurePosixPath], folder: Path) -> None:
    """Write the top-level folders that the paths are in: definitions and lists may stand above or beside the rules."""
    tops = sorted({path.parts[0] for path in paths if len(path.parts) > 1 or _is_folder(root, commit, path)})
    everything = any(len(path.parts) <= 1 and str(path) not in tops for path in paths)
    archive = _git(root, "archive", "--format=tar", commit, *([] if everything else ["--", *tops]))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if not member.isfile() or member.size > _LARGEST_FILE_BYTES or name.is_absolute() or ".." in name.parts:
                continue
            content = tar.extractfile(member)
            assert content is not None
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def _is_folder(root: Path, commit: str, path: PurePosixPath) -> bool:
    return bool(path.parts) and _git(root, "cat-file", "-t", f"{commit}:{path}").strip() == b"tree"
