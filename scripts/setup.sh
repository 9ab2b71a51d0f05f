#!/usr/bin/env bash
# setup.sh [PG]: makes this machine able to build, install and test on that PostgreSQL (15). Installs what is missing and
# nothing else; when nothing is missing it takes a second and needs no network.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

pg=${1:-$DEFAULT_PG}
rust_minimum=1.95
known_pg "$pg"

packages=(
    ca-certificates make gcc libc6-dev pkg-config clang libclang-dev patch
    postgresql-15 postgresql-server-dev-15 pgbouncer python3-venv openssl
)
if [ "$pg" != 15 ]; then
    packages+=(debian-archive-keyring bzip2 xz-utils perl bison flex libreadline-dev zlib1g-dev libssl-dev libicu-dev libxml2-dev)
fi

# A client suite names the packages it needs, one a line, with the command that makes it unnecessary:
# `nodejs node` is not installed where some `node` is already on PATH.
client_packages() {
    local package command
    cat "$ROOT"/tests/clients/*/packages 2>/dev/null | sed 's/#.*//' | while read -r package command; do
        [ -z "$package" ] || { [ -n "$command" ] && have "$command"; } || echo "$package"
    done
}

missing_of() {
    local installed package
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }')
    for package in "$@"; do
        grep -qxF "$package" <<<"$installed" || echo "$package"
    done
}

updated=0
apt_update() {
    [ "$updated" = 1 ] || run_logged "apt-get update" as_root apt-get -q update
    updated=1
}

apt_install() {
    local quiet=/etc/postgresql-common/createcluster.d/watertight.conf
    # Someone who runs `make demo` did not ask for a database server on port 5432, nor for a pooler.
    if ! have pg_lsclusters; then
        # shellcheck disable=SC2064 # the path as it is now
        trap "as_root rm -f '$quiet'" EXIT
        as_root mkdir -p "${quiet%/*}"
        echo "create_main_cluster = false" | as_root tee "$quiet" >/dev/null
    fi
    apt_update
    say "not installed: $*"
    run_logged "apt-get install" \
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-remove install --no-install-recommends "$@"
    if [ -d /run/systemd/system ] && [[ " $* " == *" pgbouncer "* ]]; then
        as_root systemctl disable --now pgbouncer >/dev/null 2>&1 || true
    fi
}

at_least() { [[ $2 == [0-9]* ]] && printf '%s\n' "$1" "$2" | sort -VC; }

rust_is_new_enough() {
    have cargo && have rustc && rustfmt --version >/dev/null 2>&1 && at_least "$rust_minimum" "$(rustc --version | cut -d ' ' -f 2)"
}

# Debian 12's own rustc is 1.63. Its security archive also carries the compiler that browsers are built with.
debian_rust() {
    at_least "$rust_minimum" "$(apt-cache policy rustc-web | awk '$1 == "Candidate:" { print $2 }')"
}

need_rust() {
    rust_is_new_enough && return
    if have rustup; then
        die "Rust $rust_minimum or newer and rustfmt are needed, this is $(rustc --version 2>&1 | head -n 1):" \
            "run 'rustup update stable && rustup component add rustfmt'"
    fi
    have rustc || say "no Rust compiler here"
    apt_update
    debian_rust || die "Rust $rust_minimum or newer is needed (Debian 12's own is 1.63): install it with rustup, then run this again"
    # shellcheck disable=SC2046 # one package a word
    apt_install $(missing_of rustc-web cargo-web rustfmt-web)
    rust_is_new_enough || die "rustc and cargo on PATH are not those of rustc-web: $(command -v rustc), $(command -v cargo)"
}

need_cargo_pgrx() {
    cargo_pgrx_program >/dev/null && return
    # Optimising a build driver costs minutes and saves none.
    run_logged "cargo install cargo-pgrx $CARGO_PGRX_VERSION" env CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
        CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_TARGET_DIR="$CACHE/tools/target" \
        cargo install cargo-pgrx --version "$CARGO_PGRX_VERSION" --locked --root "$CACHE/tools"
    rm -rf "$CACHE/tools/target"
}

# What bare `cargo check` asks for. A configuration that is there is not ours to change.
need_pgrx_config() {
    local config="${PGRX_HOME:-$HOME/.pgrx}/config.toml"
    [ -e "$config" ] && return
    mkdir -p "${config%/*}"
    printf '[configs]\npg15 = "%s"\n' "$(pg_config_of 15)" >"$config"
}

make_cache
# shellcheck disable=SC2046 # one package a word
mapfile -t missing < <(missing_of "${packages[@]}" $(client_packages) | sort -u)
if [ "${#missing[@]}" -gt 0 ]; then apt_install "${missing[@]}"; fi
make_cache # Again: the account `postgres` may have come just now.
need_rust
need_cargo_pgrx
need_pgrx_config
if [ "$pg" != 15 ]; then "$ROOT/scripts/postgres.sh" "$pg"; fi
require_pg "$pg"
