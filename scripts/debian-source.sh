# shellcheck shell=bash
# Sourced, after lib.sh: source packages that Debian 12 does not carry, from a later Debian, fetched from the mirror this
# machine already uses and verified with Debian's archive keys.

# Debian's own archives among those this machine is configured for, in whatever format that is written.
mirrors() {
    # shellcheck disable=SC2016 # apt's placeholders, not the shell's
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk -v release="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
            '($1 == release || $1 == "stable") && $2 == "main" { print $3 }' | sort -u
}

# apt with a state of its own: the system's sources, lists and caches stay as they are.
private_apt() { # private_apt STATE TOOL ARGUMENT...
    "$2" -c "$1/apt.conf" "${@:3}"
}

prepare_apt() { # prepare_apt STATE MIRROR SUITE PACKAGE: fails if that suite does not have it
    local state=$1
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    cat >"$state/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$state/lists";
Dir::Cache "$state/cache";
APT::Sandbox::User "$(id -un)";
CONF
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $3 main" >"$state/sources.list"
    private_apt "$state" apt-get -q update
    private_apt "$state" apt-cache showsrc --only-source "$4" | grep -q '^Package:'
}

download() { # download STATE PACKAGE SUITE...: into the current directory, from the first suite that has it
    local state=$1 package=$2 mirror suite
    shift 2
    for mirror in $(mirrors); do
        for suite in "$@"; do
            echo "trying $suite of $mirror"
            prepare_apt "$state" "$mirror" "$suite" "$package" || continue
            private_apt "$state" apt-get -q source --download-only "$package" && return
        done
    done
    echo "no source package $package in: $*"
    return 1
}

# fetch_debian_source STATE WORK TREE PACKAGE SUITE...: the author's sources as the directory TREE. The archive's
# signature covers them through apt's lists; Debian's patches are not wanted.
fetch_debian_source() {
    local state=$1 work=$2 tree=$3 package=$4
    rm -rf "$work"
    mkdir -p "$work/tree"
    cd "$work"
    download "$state" "$package" "${@:5}" || return
    tar -xf "$package"_*.orig.tar.* --strip-components=1 -C tree
    rm -rf "$tree"
    mv tree "$tree"
    cd / && rm -rf "$work"
}
