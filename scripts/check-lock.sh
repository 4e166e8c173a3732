#!/usr/bin/env bash
# Ask the index for every file of requirements.lock on every machine it promises to serve.
# Downloads into a temporary folder that is removed; a wheel that is missing fails by name.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1
for machine in x86_64 aarch64; do
    for version in 3.11 3.12 3.13 3.14; do
        .venv/bin/python -m pip download --quiet --dest "$folder" --require-hashes --no-deps \
            --only-binary=:all: --implementation cp --python-version "$version" \
            --platform "manylinux2014_$machine" --platform "manylinux_2_17_$machine" \
            --platform "manylinux_2_28_$machine" --requirement requirements.lock
        printf 'lock: CPython %s on %s: every wheel is there\n' "$version" "$machine"
    done
done
