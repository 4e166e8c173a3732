#!/usr/bin/env bash
# Make .venv-peers from requirements-peers.lock: the servers of others that tests and
# benchmarks run beside ours. They want other versions than we do, so they live apart.
# Without them nothing of ours is worse: what needs them says that it was skipped, and why.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly venv=.venv-peers
readonly stamp=$venv/.detente-lock

wanted() { cat requirements-peers.lock scripts/peers.sh .venv/.detente-home | cksum; }

if [ -f $stamp ] && [ "$(wanted)" = "$(cat $stamp)" ]; then
    exit 0
fi
printf 'peers: installing requirements-peers.lock, every file checked against its hash\n' >&2
export PIP_DISABLE_PIP_VERSION_CHECK=1
if .venv/bin/python -m venv --clear $venv &&
    $venv/bin/python -m pip install --quiet --require-hashes --only-binary=:all: \
        -r requirements-peers.lock; then
    wanted >$stamp
else
    printf 'peers: not installed; tests against OpenTAXII and medallion are skipped\n' >&2
    rm -rf $venv
fi
