#!/usr/bin/env bash
# Make .venv from requirements.lock, and the project itself editable in it.
# Does nothing, at once, when the environment already fits the lock.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly venv=.venv
readonly home_stamp=$venv/.detente-home
readonly lock_stamp=$venv/.detente-lock

say() { printf 'setup: %s\n' "$*" >&2; }

# Install a Debian package when root; otherwise name the one thing that is missing.
need() {
    local what=$1 package=$2
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "$what is missing: installing the system package $package"
        apt-get install -y -qq "$package" >/dev/null 2>&1 ||
            { apt-get update -qq >/dev/null && apt-get install -y -qq "$package" >/dev/null; }
    else
        say "$what is missing: install the system package $package, then run this again"
        exit 3
    fi
}

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local name
    for name in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
        if fits "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# An environment belongs to one interpreter in one place; another makes it anew.
home() { "$1" -c 'import sys, os; print(sys.version, os.getcwd())' 2>/dev/null; }

# What it must hold; a change installs what is new.
wanted() { cat requirements.lock pyproject.toml scripts/setup.sh | cksum; }

same_home() { [ -f $home_stamp ] && [ "$(home "$1")" = "$(cat $home_stamp)" ]; }
same_lock() { [ -f $lock_stamp ] && [ "$(wanted)" = "$(cat $lock_stamp)" ]; }

if [ -z "${PYTHON:-}" ] && same_home $venv/bin/python; then
    python=$venv/bin/python
else
    python=$(find_python) || {
        need "Python 3.11 or later" python3
        python=$(find_python) || {
            say "no Python 3.11 or later was found: set PYTHON=/path/to/python3"
            exit 3
        }
    }
fi
if ! same_home "$python"; then
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        need "the venv module of $python" \
            "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
    say "making $venv with $("$python" --version) ($python)"
    "$python" -m venv --clear $venv
    home $venv/bin/python >$home_stamp
fi
if same_lock; then
    exit 0
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
say "installing requirements.lock, every file checked against its hash"
$venv/bin/python -m pip install --quiet --require-hashes --only-binary=:all: -r requirements.lock
$venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
$venv/bin/python -m pip check --quiet
wanted >$lock_stamp
say "done"
