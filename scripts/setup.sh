#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: Debian packages, then the npm packages of the lock file. Asked for
# `peers`, installs the servers that Linger is measured beside instead; `recording`, what writes the recording. Does nothing, quickly, when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { # need PACKAGE COMMAND…: PACKAGE is missing when COMMAND fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
installed() { dpkg-query -W -f '${Status}' "$1" | grep -q 'install ok installed'; }

if [ "${1:-}" = peers ]; then
  PATH=$PATH:/usr/sbin # where Debian has servers
  need redis-server redis-server --version
  need mosquitto installed mosquitto
elif [ "${1:-}" = recording ]; then
  need webp img2webp -version
else
  need make make --version
  need git git --version
  need gcc gcc --version                    # the race detector is linked by it
  need libc6-dev test -e /usr/include/stdlib.h
  need chromium-headless-shell chromium-headless-shell --version # browser tests; starts a page with half the work of chromium
  need nodejs node --version                # the type check and the script's unit tests
  need npm npm --version
  need python3-grpcio /usr/bin/python3 -c 'import grpc' # the exercise's own client is Python
  need python3-protobuf /usr/bin/python3 -c 'import google.protobuf'
  need fonts-noto-cjk installed fonts-noto-cjk          # screenshots with 中文
  need fonts-noto-color-emoji installed fonts-noto-color-emoji
fi

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null; then
    as_root=(sudo)
  fi
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && [ ${#as_root[@]} = 0 ]; }; then
    echo "setup: cannot install here; missing are (names of Debian packages): ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get -q update </dev/null
  # At run level 1 Debian's packages do not start the servers that they bring.
  "${as_root[@]}" env RUNLEVEL=1 apt-get -qy install --no-install-recommends "${missing[@]}" </dev/null
fi

[ -n "${1:-}" ] && exit

# A copy of the lock file tells what node_modules was made from.
if ! cmp -s package-lock.json node_modules/.made-from; then
  echo "setup: npm ci"
  npm ci --no-audit --no-fund </dev/null
  cp package-lock.json node_modules/.made-from
fi
