#!/usr/bin/env bash
# Run the named benchmarks, or every one there is: medians with their spread.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$#" -eq 0 ]; then
    set -- $(find bench -maxdepth 1 -name '*.py' ! -name '_*' -printf '%f\n' | sed 's/\.py$//' | sort)
fi
for name in "$@"; do
    .venv/bin/python "bench/$name.py"
done
