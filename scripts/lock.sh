#!/usr/bin/env bash
# Write requirements.lock anew: every supported CPython, x86-64 and arm64, with hashes.
# The file names no index, so that it serves whatever index the reader's pip is set to.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/uv pip compile pyproject.toml --extra dev \
    --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
    --custom-compile-command "make lock" --quiet --output-file requirements.lock "$@"
