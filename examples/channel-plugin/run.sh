#!/bin/sh
# Put the plug-in beside trailbell for this run only, and let the kit look at it.
set -eu
cd "$(dirname "$0")"
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
python3 -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --target "$kept" . 2>/dev/null ||
    { echo "pip cannot build the package here: pip install hatchling pytest" >&2; exit 1; }
PYTHONPATH="$kept" python3 -m pytest -q -p no:cacheprovider test_pigeon.py
PYTHONPATH="$kept" python3 -c '
from trailbell_notifiers.channel import kinds
print("kinds:", ", ".join(kinds()))'
