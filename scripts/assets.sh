#!/usr/bin/env bash
# Copy what the console's pages load out of the npm packages, and check every hash.
# Does nothing where all of it is there; without npm the pages work, with fewer pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly vendor=src/detente/console/vendor

say() { printf 'setup: %s\n' "$*" >&2; }
whole() { (cd $vendor && sha256sum --check --status SHA256SUMS) 2>/dev/null; }
tools() { [ -f node_modules/axe-core/axe.min.js ] && [ -x node_modules/.bin/tsc ]; }

if whole && tools; then exit 0; fi
if ! command -v npm >/dev/null; then
    say "npm is missing: the console's pages load no scripts of others (install Node.js with npm)"
    exit 0
fi
say "getting the scripts of the console's pages"
npm ci --no-progress --loglevel=error >/dev/null || { say "npm could not get them; the pages work without"; exit 0; }
cp node_modules/htmx.org/dist/htmx.min.js node_modules/d3/dist/d3.min.js $vendor/
cp node_modules/@observablehq/plot/dist/plot.umd.min.js $vendor/plot.min.js
whole || { say "a script is not the one whose hash stands in $vendor/SHA256SUMS"; rm -f $vendor/*.js; exit 3; }
