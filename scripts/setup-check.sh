#!/usr/bin/env bash
# What the tests use beside the environment: a PostgreSQL server that they start themselves.
# Without it they are skipped, with the reason; so nothing here fails.
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }

has_server() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }

if has_server >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "PostgreSQL is missing: installing the system package postgresql"
    apt-get install -y -qq postgresql >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -y -qq postgresql; } >/dev/null 2>&1 ||
        say "it cannot be installed: the tests on a database server are skipped"
else
    say "PostgreSQL is missing: the tests on a database server are skipped (Debian: postgresql)"
fi
