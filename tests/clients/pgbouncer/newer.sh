#!/usr/bin/env bash
# newer.sh: prints the path of a PgBouncer that carries prepared statements through transaction mode (1.21 and later): the
# one on PATH if it does, else one built from the source package of a later Debian, once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../../scripts/lib.sh"

at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
installed=$(PATH="$PATH:/usr/sbin" command -v pgbouncer || true)
if [ -n "$installed" ] && at_least 1.21 "$("$installed" --version | awk 'NR == 1 { print $2 }')"; then
    echo "$installed"
    exit
fi

home="$CACHE/clients/pgbouncer"
program="$home/bin/pgbouncer"
if [ -x "$program" ]; then
    echo "$program"
    exit
fi
apt="$home/apt"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The Debian mirrors that this machine is configured for.
mirrors() {
    # shellcheck disable=SC2016 # apt's placeholders, not the shell's
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk -v release="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
            '($1 == release || $1 == "stable") && $2 == "main" { print $3 }' | sort -u
}

# apt with a state of its own: the system's sources, lists and caches stay as they are.
download() { # download MIRROR SUITE
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
    apt-get -c "$apt/apt.conf" -q update
    apt-get -c "$apt/apt.conf" -q source --download-only pgbouncer
}

fetch() {
    local mirror suite
    cd "$home"
    rm -rf source pgbouncer_*
    for mirror in $(mirrors); do
        for suite in trixie forky sid; do
            echo "trying $suite of $mirror"
            download "$mirror" "$suite" && break 2
        done
    done
    mkdir source
    # The archive's signature covers the file through apt's lists.
    tar -xf pgbouncer_*.orig.tar.* --strip-components=1 -C source
}

build() {
    cd "$home/source"
    ./configure --prefix="$home" --without-cares --without-systemd --without-pam --without-ldap
    make -j"$(nproc)" pgbouncer
    mkdir -p "$home/bin"
    install -m 0755 pgbouncer "$home/bin/pgbouncer.new"
    mv "$home/bin/pgbouncer.new" "$program"
}

make_cache
mkdir -p "$home"
run_logged "PgBouncer: fetch the source of a later version" fetch
run_logged "PgBouncer: build" build
echo "$program"
