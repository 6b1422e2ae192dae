# What the scripts share: manners, a scratch folder that goes away again, tools a machine may lack.
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C.UTF-8
unset HOBNOB_HOME HOBNOB_SERVER HOBNOB_NAME RUST_LOG
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=$(basename "$0")
cd "$top"

# The folder that cargo builds into.
target=${CARGO_TARGET_DIR:-$top/target}

die() {
    printf '%s: %s\n' "$me" "$*" >&2
    exit 1
}

# scratch: makes the folder $scratch; it and every process in $children are gone when the script is.
declare -A children=()
scratch() {
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/hobnob-$me.XXXXXX")
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

clean_up() {
    local status=$?
    trap '' HUP INT TERM
    local child
    for child in "${children[@]}"; do
        kill -KILL "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    rm -rf "$scratch"
    exit "$status"
}

# need COMMAND PACKAGE: installs what is missing where that is allowed; else says so and fails.
need() {
    command -v "$1" >/dev/null && return
    if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
        printf '%s: installing %s\n' "$me" "$2"
        refresh_packages
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" \
            </dev/null >/dev/null 2>&1 || true
        command -v "$1" >/dev/null && return
    fi
    printf '%s: %s is missing and could not be installed here (Debian: apt-get install %s)\n' \
        "$me" "$1" "$2"
    return 1
}

refresh_packages() {
    [[ -z ${packages_fresh-} ]] || return 0
    packages_fresh=yes
    apt-get update -qq </dev/null >/dev/null 2>&1 || true
}

# now_ms: milliseconds, to measure with.
now_ms() {
    local now=${EPOCHREALTIME/[.,]/}
    printf '%s' "$((now / 1000))"
}

# seconds_since START_MS: the time since, as "1.2 s".
seconds_since() {
    local tenths=$((($(now_ms) - $1) / 100))
    printf '%d.%d s' "$((tenths / 10))" "$((tenths % 10))"
}
