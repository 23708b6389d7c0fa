#!/bin/sh
# The main process of an engine's unit: STATE CGROUP PROGRAM ARGUMENT...
# On SIGTERM, as a stop of the unit or a shutdown of the host sends it, has dockerd stop its machines.
set -u
state=$1 cgroup=$2
shift 2

# In cgroup2 only a cgroup without processes hands controllers on: leave the unit's own to the machines.
while read -r _ point type _; do
  if [ "$type" = cgroup2 ] && [ -d "$point$cgroup" ]; then
    mkdir -p "$point$cgroup/engine" && echo 0 >"$point$cgroup/engine/cgroup.procs" || exit
  fi
done </proc/self/mounts

stop() {
  # Init is there as long as what waits for it.
  if read -r pid _ 2>/dev/null <"$state/init"; then kill -TERM "$pid"; else kill -KILL "$!"; fi
}
trap stop TERM
"$@" &
while :; do
  wait "$!"
  status=$?
  kill -0 "$!" 2>/dev/null || exit "$status"
done
