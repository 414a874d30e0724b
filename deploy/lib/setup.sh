# shellcheck shell=bash
# Sourced by deploy/quickstart and deploy/test: installs what is missing on Debian 12. Quiet when nothing is.

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

die_usage() {
    echo "$(basename "$0"): $*" >&2
    exit 2
}

# How programs are built to be run. Swift's runtime is part of them, and overlapping accesses to a variable are not looked
# for while they run, as the tests' builds do: together a tenth of the CPU time. What runs of 28 MB of code lies together,
# that of a request first: less time, and 7 MB less in memory; deploy/benchmark --order writes the list, in which a name
# that is gone does no harm. No program offers its symbols to libraries, and addresses that loading moves are packed: 6 MB.
# shellcheck disable=SC2034
release_flags=(
    -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
    -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections -Xswiftc -use-ld=lld
    -Xlinker "--symbol-ordering-file=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/function-order.txt"
    -Xlinker --no-warn-symbol-ordering
    -Xlinker --no-export-dynamic -Xlinker -z -Xlinker pack-relative-relocs
)

need_swift() {
    local found
    found=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1) || true
    [ -n "$found" ] ||
        die "swift is missing: install the Swift 6.3 toolchain from https://www.swift.org/install/linux/ and run this again"
    [ "$(printf '%s\n' 6.3 "$found" | sort -V | head -n 1)" = 6.3 ] ||
        die "Swift $found is too old: install the Swift 6.3 toolchain from https://www.swift.org/install/linux/ and run this again"
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
    # An update that fails in part, in a list of somebody else, need not stop the installation.
    "${sudo[@]}" apt-get update -qq >"$log" 2>&1 || true
    if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
}

# What building needs, and a Redis.
# shellcheck disable=SC2034 # read by the scripts that source this
build_packages=(
    libcurl4-openssl-dev libhiredis-dev libyaml-dev libsqlite3-dev libpq-dev libcrypt-dev pkg-config redis-server
    ca-certificates
)

# What tests fuzz the management API with (hypothesis is the newest that hypothesis-jsonschema 0.23 works with), and what
# they speak to the proxy with that is not ours.
# shellcheck disable=SC2034 # read by the scripts that source this
test_packages=(schemathesis==4.4.4 hypothesis==6.142.5 h2==4.4.1 grpcio==1.85.1 websockets==17.4 hypercorn==0.18.0)

# What the proxy is compared on, with and without it in between.
# shellcheck disable=SC2034 # read by the scripts that source this
httpbin_packages=(httpbin==0.10.4 waitress==3.0.2)

# make_venv FOLDER PACKAGE…: puts packages into a virtual environment, unless these very versions are there.
make_venv() {
    local folder=$1 log
    shift
    local wanted="$*"
    [ "$(cat "$folder/versions" 2>/dev/null)" = "$wanted" ] && return
    echo "installing: $wanted into $folder"
    log=$(mktemp)
    rm -rf "$folder"
    if ! { python3 -m venv "$folder" && "$folder/bin/pip" install -q "$@"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -rf "$folder" "$log"
        die "pip could not install: $wanted"
    fi
    rm -f "$log"
    echo "$wanted" >"$folder/versions"
}
