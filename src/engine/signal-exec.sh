#!/bin/sh
# SIGNAL STACK: sends a signal to the process group of the command whose stack begins there. Only a command
# that came from outside has the parent 0; engines make it the leader of its own process group.
signal=$1 stack=$2
for stat in /proc/[0-9]*/stat; do
  { read -r line <"$stat"; } 2>/dev/null || continue
  pid=${line%% *}
  # shellcheck disable=SC2086 # fields
  set -- ${line##*) }
  [ "$2" = 0 ] && [ "${26}" = "$stack" ] && kill -s "$signal" -- "-$pid" && exit 0
done
exit 3
