#!/usr/bin/env bash
# Builds the image with buildah and runs it: it must be healthy, run without rights, take a message, end cleanly, and have
# the message when it runs again on the same volume.
#
# Not part of `make test`. It needs buildah (Debian has it), root or user namespaces, the ports 52074 and 52080, and the
# image golang:1.26, pulled or made by hand. Isolation is chroot's, so that it runs where containers may not nest: what
# is tested is the image, not a container runtime. BUILD_FLAGS goes to buildah, such as -v MODULES:/go/pkg/mod offline.
set -euo pipefail
cd "$(dirname "$0")/.."

image=linger-container-test
# shellcheck disable=SC2086 # several flags
buildah bud --isolation chroot --format docker ${BUILD_FLAGS:-} -t "$image" .
container=$(buildah from --isolation chroot --pull-never "$image")
log=$(mktemp)
volume=$(mktemp -d)
chown 65532:65532 "$volume"
serve=
cleanup() {
  [ -z "$serve" ] || kill "$serve" 2>/dev/null || true
  buildah rm "$container" >/dev/null
  buildah rmi "$image" >/dev/null
  rm -rf "$log" "$volume"
}
trap cleanup EXIT
inside() { buildah run --isolation chroot -e LINGER_SERVER=localhost:52074 "$container" -- /linger "$@"; }

start() {
  buildah run --isolation chroot -v "$volume:/data" -e LINGER_GRPC=:52074 -e LINGER_HTTP=:52080 "$container" -- /linger serve 2>"$log" &
  for _ in $(seq 100); do
    serve=$(pgrep -n -u 65532 -x linger || true)
    [ -n "$serve" ] && inside health >/dev/null 2>&1 && break
    sleep 0.1
  done
  inside health
}
stop() {
  kill -TERM "$serve"
  wait %1
  serve=
}

start
inside pub hello "from a container" --ttl 1h
inside messages hello
grep -q 'WITHOUT AUTHENTICATION' "$log" # it binds beyond loopback, and says so
grep -q 'file:/data/linger' "$log"
stop
start
grep -q '1 message in 1 topic' "$log"
inside messages hello | grep -q 'from a container'
stop
echo "well, in an image of $(buildah images --format '{{.Size}}' "$image")"
