#!/usr/bin/env bash
# Write requirements-peers.lock anew, with hashes; it names no index, like requirements.lock.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/uv pip compile scripts/peers.in \
    --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
    --custom-compile-command "make lock" --quiet --output-file requirements-peers.lock "$@"
