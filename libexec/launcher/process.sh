# shellcheck shell=sh

# The start time of a process (proc_pid_stat(5), field 22), as `start`: it distinguishes the process from a
# later one with the same pid. Its name, which may contain anything, ends with the last ")". Empty for a
# process that has ended with all its threads (fields 3 and 20) and waits to be reaped.
find_start() {
  start=
  { while IFS= read -r line; do start=$line; done <"/proc/$1/stat"; } 2>/dev/null
  # shellcheck disable=SC2086 # fields
  set -- ${start##*) }
  case $1:${18} in [ZX]:[01]) start= ;; *) start=${20} ;; esac
}

# Whether a machine in a user namespace is running, as `pid`. States of older releases have no start time:
# trust the pid alone.
is_running() {
  { read -r pid && { read -r begun || :; }; } 2>/dev/null <"$machine/pid" || return
  find_start "$pid"
  [ -n "$start" ] && [ "${begun:-$start}" = "$start" ]
}
