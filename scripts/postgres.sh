#!/usr/bin/env bash
# postgres.sh 17|18: builds a PostgreSQL that Debian 12 does not carry, from the source package of a later Debian,
# fetched from the mirror this machine already uses and verified with Debian's archive keys.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

version=${1:?usage: postgres.sh 17|18}
case $version in
    # 17 carries assertions, so that a suite run on it also checks what we do inside PostgreSQL.
    17) suites="trixie forky sid" flags=(--enable-cassert --enable-debug) ;;
    18) suites="forky sid" flags=() ;;
    *) die "postgres.sh builds 17 and 18, not '$version'" ;;
esac

if pg_config_of "$version" >/dev/null; then exit; fi

prefix="$CACHE/postgres/$version"
source=$(source_of "$version")
apt="$CACHE/apt-$version"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Debian's own archives among those this machine is configured for, in whatever format that is written.
mirrors() {
    # shellcheck disable=SC2016 # apt's placeholders, not the shell's
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk -v release="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
            '($1 == release || $1 == "stable") && $2 == "main" { print $3 }' | sort -u
}

# apt with a state of its own: the system's sources, lists and caches stay as they are.
private_apt() {
    local tool=$1
    shift
    "$tool" -c "$apt/apt.conf" "$@"
}

prepare_apt() { # prepare_apt MIRROR SUITE
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    cat >"$apt/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "$(id -un)";
CONF
    echo "deb-src [signed-by=$keyring] $1 $2 main" >"$apt/sources.list"
    private_apt apt-get -q update
    private_apt apt-cache showsrc --only-source "postgresql-$version" | grep -q '^Package:'
}

download() {
    local mirror suite
    for mirror in $(mirrors); do
        for suite in $suites; do
            echo "trying $suite of $mirror"
            prepare_apt "$mirror" "$suite" || continue
            private_apt apt-get -q source --download-only "postgresql-$version" && return
        done
    done
    echo "no source package postgresql-$version in: $suites"
    return 1
}

fetch() {
    local work="$CACHE/postgres/fetch-$version"
    rm -rf "$work"
    mkdir "$work"
    cd "$work"
    download || return
    # The archive's signature covers these files through apt's lists; the Debian patches are not wanted.
    mkdir tree
    tar -xf postgresql-"$version"_*.orig.tar.* --strip-components=1 -C tree
    rm -rf "$source"
    mv tree "$source"
    cd / && rm -rf "$work"
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
