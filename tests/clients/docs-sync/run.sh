#!/usr/bin/env bash
# The snippets in docs/ are the files that the tests run.
set -euo pipefail
exec python3 "$(dirname "$0")/main.py" "$@"
