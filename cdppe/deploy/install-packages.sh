#!/bin/sh
# Installs the Debian packages named as arguments that are missing, as root; otherwise says which ones are missing.
# A program that is there by other means (chromium, redis-server, initdb) is not asked for again.
set -eu

present() {
    case "$1" in
        chromium | redis-server) command -v "$1" >/dev/null 2>&1 && return 0 ;;
        postgresql)
            command -v initdb >/dev/null 2>&1 && return 0
            ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return 0
            ;;
    esac
    command -v dpkg-query >/dev/null 2>&1 &&
        dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

missing=""
for package in "$@"; do
    present "$package" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing:$missing"
    apt-get update -qq -o DPkg::Lock::Timeout=300
    # RUNLEVEL=1: installing a server does not start it.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 $missing >/dev/null
else
    echo "Missing system packages:$missing. Install them (on Debian: sudo apt-get install$missing) and run this again." >&2
    exit 1
fi
