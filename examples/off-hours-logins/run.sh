#!/bin/sh
# Everything below works offline.
set -eu
cd "$(dirname "$0")"

trailbell check rules
trailbell test rules
trailbell dry-run rules --events events.ndjson
