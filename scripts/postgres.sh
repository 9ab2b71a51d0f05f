#!/usr/bin/env bash
# postgres.sh 17|18: builds a PostgreSQL that Debian 12 does not carry, from the source package of a later Debian,
# fetched from the mirror this machine already uses and verified with Debian's archive keys.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/debian-source.sh
. "$(dirname "$0")/debian-source.sh"

version=${1:?usage: postgres.sh 17|18}
case $version in
    # 17 carries assertions, so that a suite run on it also checks what we do inside PostgreSQL.
    17) suites=(trixie forky sid) flags=(--enable-cassert --enable-debug) ;;
    18) suites=(forky sid) flags=() ;;
    *) die "postgres.sh builds 17 and 18, not '$version'" ;;
esac

if pg_config_of "$version" >/dev/null; then exit; fi

prefix="$CACHE/postgres/$version"
source=$(source_of "$version")

fetch() {
    fetch_debian_source "$CACHE/apt-$version" "$CACHE/postgres/fetch-$version" "$source" "postgresql-$version" "${suites[@]}"
}

configure() {
    cd "$source"
    ./configure --prefix="$prefix" --with-openssl --with-icu --with-libxml "${flags[@]}"
}

# The server appears under its name only when it is whole.
build() {
    local stage="$CACHE/postgres/stage-$version"
    cd "$source"
    make -j"$(nproc)"
    make -C contrib -j"$(nproc)"
    make -C src/test/isolation -j"$(nproc)"
    rm -rf "$stage"
    make install DESTDIR="$stage"
    make -C contrib install DESTDIR="$stage"
    make -C src/test/isolation install DESTDIR="$stage"
    mv "$stage$prefix" "$prefix"
    rm -rf "$stage"
}

make_cache
lock "postgres-$version"
if pg_config_of "$version" >/dev/null; then exit; fi # Someone else has built it meanwhile.
mkdir -p "$CACHE/postgres"
run_logged "PostgreSQL $version: fetch the source" fetch
run_logged "PostgreSQL $version: configure" configure
run_logged "PostgreSQL $version: build and install" build
say "$("$prefix/bin/pg_config" --version) is here: $prefix/bin/pg_config"
