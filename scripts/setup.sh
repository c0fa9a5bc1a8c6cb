#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: Debian packages, then the npm packages of the lock file.
# Does nothing, quickly, when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { # need PACKAGE COMMAND…: PACKAGE is missing when COMMAND fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
installed() { dpkg-query -W -f '${Status}' "$1" | grep -q 'install ok installed'; }

need make make --version
need git git --version
need gcc gcc --version                    # the race detector is linked by it
need libc6-dev test -e /usr/include/stdlib.h
need chromium chromium --version          # browser tests
need nodejs node --version                # the type check and the script's unit tests
need npm npm --version
need python3-grpcio /usr/bin/python3 -c 'import grpc' # the exercise's own client is Python
need python3-protobuf /usr/bin/python3 -c 'import google.protobuf'
need fonts-noto-cjk installed fonts-noto-cjk          # screenshots with 中文
need fonts-noto-color-emoji installed fonts-noto-color-emoji

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null; then
    as_root=(sudo)
  fi
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && [ ${#as_root[@]} = 0 ]; }; then
    echo "setup: cannot install here; the tests need (names of Debian packages): ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get -q update </dev/null
  "${as_root[@]}" apt-get -qy install --no-install-recommends "${missing[@]}" </dev/null
fi

# A copy of the lock file tells what node_modules was made from.
if ! cmp -s package-lock.json node_modules/.made-from; then
  echo "setup: npm ci"
  npm ci --no-audit --no-fund </dev/null
  cp package-lock.json node_modules/.made-from
fi
