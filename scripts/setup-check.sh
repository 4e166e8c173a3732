#!/usr/bin/env bash
# What the tests use beside the environment: servers of PostgreSQL and NATS that they start
# themselves. Without them they are skipped, with the reason; so nothing here fails.
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }

has_postgresql() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }
has_nats() { PATH=$PATH:/usr/sbin command -v nats-server; }

# Install a Debian package when root; otherwise name what is skipped.
want() {
    local what=$1 package=$2 skipped=$3
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "$what is missing: installing the system package $package"
        apt-get install -y -qq "$package" >/dev/null 2>&1 ||
            { apt-get update -qq && apt-get install -y -qq "$package"; } >/dev/null 2>&1 ||
            say "it cannot be installed: $skipped are skipped"
    else
        say "$what is missing: $skipped are skipped (Debian: $package)"
    fi
}

has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_chromium >/dev/null 2>&1 || want Chromium chromium "the journeys through the console"
has_postgresql >/dev/null 2>&1 || want PostgreSQL postgresql "the tests on a database server"
has_nats >/dev/null 2>&1 || want NATS nats-server "the tests on a stream of JetStream"
