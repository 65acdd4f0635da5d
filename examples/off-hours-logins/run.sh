#!/bin/sh
# Everything below works offline, and leaves nothing behind.
set -eu
cd "$(dirname "$0")"

trailbell check rules
trailbell test rules
trailbell dry-run rules --events events.ndjson
trailbell run --dry-run --events events.ndjson
