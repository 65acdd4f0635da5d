"""The HTTP server from the command line: what goes wrong with it, said in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .exits import Exit, Failure


@contextmanager
def server_or_fail() -> Iterator[None]:
    """Where the server is imported and started.

    Raises:
        Failure: with exit code 3, if its libraries are missing or its address cannot be had.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio"):
            raise
        raise Failure(
            Exit.CONFIGURATION,
            f"the HTTP server needs {error.name}, which is not installed",
            "pip install 'trailbell[server]', or leave `http:` out of the configuration",
        ) from error
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, str(error), getattr(error, "help", "")) from error
