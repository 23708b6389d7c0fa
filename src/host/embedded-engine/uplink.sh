#!/bin/sh
# Joins the engine to the world by slirp4netns in the host's network namespace: STATE UNSHARE ARGUMENT...
# Init holds the pipe's other end, so slirp4netns ends with it however it ends (--exit-fd).
set -eu
state=$1
shift
"$@" 3>&1 >&2 | {
  read -r pid
  IFS= read -r identity </proc/self/stat
  printf '%s\n' "$identity" >"$state/uplink"
  # What machines forge is read by a process that has neither the host's files nor its root's rights.
  exec slirp4netns --configure --mtu=65520 --disable-host-loopback --enable-sandbox --enable-seccomp \
    --exit-fd=0 --ready-fd=4 "$pid" tap0 \
    4>"$state/uplink.ready" >&2
}
