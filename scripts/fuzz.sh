#!/usr/bin/env bash
# Fuzzes every target for FUZZTIME each (default 30s): go test takes one target of one package at a time.
# What it finds lands in testdata/fuzz beside the target, and is a test from then on.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
while read -r package target; do
  echo "== $package $target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "$package" || status=1
done < <(go test -list '^Fuzz' -json ./... | sed -n 's/.*"Package":"\([^"]*\)","Output":"\(Fuzz[A-Za-z0-9_]*\)\\n".*/\1 \2/p')
exit $status
