"""The command ``trailbell``, and ``python -m trailbell``: signals are answered before anything large is imported."""

from __future__ import annotations

import sys

from .cli import early


def main() -> int:
    """Run the command line and return the exit code it deserves."""
    early.answer(sys.argv[1:])
    from .cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
