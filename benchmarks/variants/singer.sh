#!/usr/bin/env bash
# Syncs messages and bounces with a Singer tap into target-duckdb: singer.sh PYTHON
set -euo pipefail

variants=$(dirname "$0")
export TAP_EMAIL_BASE_URL=$BENCH_URL TAP_EMAIL_API_KEY=$BENCH_KEY
printf '{"path": "%s", "default_target_schema": "email"}' "$BENCH_WAREHOUSE" >target.json
"$1" "$variants/singer_tap.py" --config=ENV | "$(dirname "$1")/target-duckdb" --config target.json
