# shellcheck shell=sh

# Whether a machine has cgroups of its own, in which it may freeze or limit parts of itself.
may_hold() { [ -e "$machine/limits" ] || [ -e "$machine/freezer" ]; }

# Ends what remains of a machine after SIGKILL. Its init ends last, mostly at once.
end_held() {
  may_hold || return 0
  if [ -e "$machine/pid" ]; then
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      is_running || return 0
      sleep 0.1
    done
  fi
  "$berth" runtime end --state "$machine" --log "$log" -- "$id" </dev/null
}

# Removes the remaining cgroups of a machine, which have no processes any more. On v1 there may be tens of
# thousands, and containerd kills a container's delete after half a minute: so the removal runs on in a
# session of its own.
remove_cgroups() {
  left=
  [ ! -e "$machine/cgroups" ] || while IFS= read -r cgroup; do
    [ ! -d "$cgroup" ] || left=yes
  done <"$machine/cgroups"
  [ -n "$left" ] || return 0
  setsid "$berth" runtime rmdir --state "$machine" --log "$log" -- "${machine##*/}" \
    </dev/null >/dev/null 2>&1
}

# Removes the state of a machine that has ended.
clear_machine() {
  [ ! -e "$machine/mirror" ] ||
    "$berth" runtime delete --state "$machine" --log "$log" -- "${machine##*/}" </dev/null
  remove_cgroups
  # Detach it, never empty it: it shows the engine's own layers. Mostly it is unmounted already.
  if [ -d "$machine/stage" ]; then
    rmdir "$machine/stage/root" "$machine/stage" 2>/dev/null ||
      { umount -l "$machine/stage" && rmdir "$machine/stage/root" "$machine/stage"; }
  fi
  set --
  for file in $state_files; do set -- "$@" "$machine/$file"; done
  for file in $host_files; do set -- "$@" "$machine/host/$file"; done
  rm -f "$@"
  rmdir "$machine/host"
  # Remove stop-signal last: it marks a state.
  rm -f "$machine/stop-signal"
  # Ignore a failure: a create that sweeps may be faster.
  rmdir "$machine" 2>/dev/null
}
