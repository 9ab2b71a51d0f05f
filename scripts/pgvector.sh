#!/usr/bin/env bash
# pgvector.sh 15|17|18: builds pgvector, which Debian 12 does not carry, from the source package of a later Debian and puts
# it into that PostgreSQL.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/debian-source.sh
. "$(dirname "$0")/debian-source.sh"

version=${1:?usage: pgvector.sh 15|17|18}
case $version in
    15 | 17) suites=(trixie forky sid) ;;
    18) suites=(forky sid trixie) ;; # trixie's is older than PostgreSQL 18: see adapt.
    *) die "pgvector.sh builds for 15, 17 and 18, not '$version'" ;;
esac
require_pg "$version"
pg_config=$(pg_config_of "$version")
libraries=$("$pg_config" --pkglibdir)
source="$CACHE/pgvector/$version-source"

# What is installed last.
here() { [ -f "$("$pg_config" --includedir-server)/extension/vector/vector.h" ]; }

fetch() {
    fetch_debian_source "$CACHE/apt-pgvector-$version" "$CACHE/pgvector/fetch-$version" "$source" pgvector "${suites[@]}"
    adapt
}

# As Debian builds it: for every processor of the architecture, not for this one alone. Nobody waits for its bitcode.
pgxs=(make -C "$source" PG_CONFIG="$pg_config" OPTFLAGS= with_llvm=no)

# What pgvector 0.8.1 changed for PostgreSQL 18 beyond its output of EXPLAIN.
adapt() {
    cd "$source"
    if [ "$version" = 18 ] && grep -qxF "default_version = '0.8.0'" vector.control; then
        sed -i 's/vacuum_delay_point()/vacuum_delay_point(false)/' src/*vacuum.c
        sed -i 's/buildstate->tupdesc->attrs\[0\]\./TupleDescAttr(buildstate->tupdesc, 0)->/' src/ivfbuild.c
    fi
}

put_in_place() {
    if [ -w "$libraries" ]; then "${pgxs[@]}" install
    else as_root "${pgxs[@]}" install; fi
}

if here; then exit; fi
make_cache
lock "pgvector-$version"
if here; then exit; fi # Someone else has built it meanwhile.
mkdir -p "$CACHE/pgvector"
run_logged "PostgreSQL $version: fetch pgvector" fetch
run_logged "PostgreSQL $version: build pgvector" "${pgxs[@]}" -j"$(nproc)"
run_logged "PostgreSQL $version: install pgvector" put_in_place
say "pgvector $(sed -n "s/^default_version = '\(.*\)'/\1/p" "$source/vector.control") is in PostgreSQL $version"
rm -rf "$source"
