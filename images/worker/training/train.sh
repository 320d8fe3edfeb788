#!/bin/sh
# Runs one build of the worker with stubs in place of BuildKit. The arguments are the worker's command line; the Java virtual
# machine among them writes its cache of loaded and linked classes when it ends.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
"$JAVA_HOME/bin/java" "$here/StubDaemon.java" "$work/socket" &
daemon=$!
trap 'kill $daemon' EXIT

KILN_BUILD_REQUEST=$(cat "$here/request.json")
export KILN_BUILD_REQUEST
KILN_BUILDKIT_ADDRESS=unix://$work/socket KILN_BUILDCTL=$here/buildctl KILN_TERMINATION_MESSAGE=$work/result "$@"
grep -q sha256: "$work/result"
