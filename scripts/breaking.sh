#!/usr/bin/env bash
# Compares the API with the last landed one: origin/main where that is something else than this commit, otherwise the
# commit before. BREAKING_AGAINST=COMMIT compares with another, BREAKING_AGAINST=none with nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

exists() { git rev-parse --quiet --verify "$1^{commit}" >/dev/null 2>&1; }
same() { [ "$(git rev-parse "$1^{commit}")" = "$(git rev-parse HEAD)" ]; }

base=${BREAKING_AGAINST:-}
if [ -z "$base" ]; then
  base='HEAD~1'
  if exists origin/main && ! same origin/main; then
    base=origin/main
  fi
fi
if [ "$base" = none ] || ! exists "$base" || ! git cat-file -e "$base:buf.yaml" 2>/dev/null; then
  echo "nothing to compare the API with"
  exit
fi

# A copy rather than buf's own git input, which cannot read shallow clones.
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$base" buf.yaml proto tools/proto | tar -x -C "$before"
bin/buf breaking --against "$before"
echo "compared with $(git log -1 --format='%h of %cs' "$base")"
