#!/usr/bin/env bash
# The console's own scripts are plain modules; TypeScript reads the types in their comments.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null || [ ! -x node_modules/.bin/tsc ]; then
    echo "setup: Node.js or TypeScript is missing: the console's own scripts are not checked" >&2
    exit 0
fi
exec node_modules/.bin/tsc --project tsconfig.json
