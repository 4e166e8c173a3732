#!/usr/bin/env bash
# Run the named benchmarks, or every one there is: medians with their spread.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$#" -eq 0 ]; then
    mapfile -t names < <(.venv/bin/detente bench)
    set -- "${names[@]}"
fi
for name in "$@"; do
    printf '== %s\n' "$name"
    .venv/bin/detente bench "$name"
done
