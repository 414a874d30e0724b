# Sourced by deploy/quickstart and deploy/test: installs what is missing on Debian 12. Quiet when nothing is.

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

need_swift() {
    command -v swift >/dev/null 2>&1 ||
        die "swift is missing: install the Swift 6.3 toolchain from https://www.swift.org/install/linux/ and run this again"
}

# install_packages NAME…: installs the Debian packages of these that are not there yet.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null 2>&1 || die "these packages are missing and apt-get is not here: ${missing[*]}"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || die "run as root, or install sudo, to install: ${missing[*]}"
        sudo=(sudo)
    fi
    echo "installing: ${missing[*]}"
    local log
    log=$(mktemp)
    # A Redis installed here must not start by itself: the scripts start their own on loopback.
    if ! { "${sudo[@]}" apt-get update -qq && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
}

# What building needs, and a Redis.
build_packages=(libcurl4-openssl-dev libhiredis-dev libyaml-dev libsqlite3-dev pkg-config redis-server ca-certificates)
