#!/usr/bin/env bash
# pg-config.sh 15|17|18: prints the path of that version's pg_config; fails if the server is not here.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

require_pg "${1:?usage: pg-config.sh 15|17|18}"
pg_config_of "$1"
