#!/bin/sh
# From an event to a signed webhook, on this machine alone.
set -eu
cd "$(dirname "$0")"

PORT=${PORT:-18099}
WEBHOOK_URL=http://127.0.0.1:$PORT/
WEBHOOK_SECRET=$(python3 -c 'import base64, secrets; print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())')
TRAILBELL_STATE=$(mktemp -d)
export WEBHOOK_URL WEBHOOK_SECRET TRAILBELL_STATE

python3 receiver.py "$PORT" --once &
receiver=$!
trap 'kill $receiver 2>/dev/null || true; rm -rf "$TRAILBELL_STATE"' EXIT

trailbell run --events events.ndjson
wait $receiver
