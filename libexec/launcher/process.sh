# shellcheck shell=sh

# When a process has begun (proc_pid_stat(5), field 22), as `start`: by that it is told from a later one of
# its number. Its own name, which may hold anything, ends with the last ")". None when it has ended with all
# its threads (fields 3 and 20), and waits to be reaped.
find_start() {
  start=
  { while IFS= read -r line; do start=$line; done <"/proc/$1/stat"; } 2>/dev/null
  # shellcheck disable=SC2086 # fields
  set -- ${start##*) }
  case $1:${18} in [ZX]:[01]) start= ;; *) start=${20} ;; esac
}

# Whether a machine in a user namespace runs, as `pid`. One of before starts were written down is known by its
# number alone.
is_running() {
  { read -r pid && { read -r begun || :; }; } 2>/dev/null <"$machine/pid" || return
  find_start "$pid"
  [ -n "$start" ] && [ "${begun:-$start}" = "$start" ]
}
