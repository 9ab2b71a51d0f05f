#!/usr/bin/env bash
# postgis.sh [PG]: installs Debian's PostGIS for PostgreSQL 15. For any other version Debian 12 has no package: it says so
# and exits with 3, and whoever called skips what needs PostGIS.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

version=${1:-$DEFAULT_PG}
if [ "$version" != 15 ]; then
    say "Debian 12 has no package of PostGIS for PostgreSQL $version"
    exit 3
fi
require_pg "$version" # Installed without a cluster of its own by setup.sh; its packages must not come from here.

packages=(postgresql-15-postgis-3 postgresql-15-postgis-3-scripts)
missing() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -eq 0 ]; then exit; fi
make_cache
lock postgis
run_logged "apt-get update" as_root apt-get -q update
say "not installed: ${wanted[*]}"
run_logged "apt-get install PostGIS" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-remove -o DPkg::Lock::Timeout=300 install --no-install-recommends "${wanted[@]}"
