#!/bin/sh
# USER [COMMAND...]: variables as login(1) sets them; passwd(5): an empty shell means /bin/sh.
wanted=$1
shift
USER=$wanted HOME=/ SHELL=
# shellcheck disable=SC2034 # the fields of passwd(5)
while IFS=: read -r name password uid gid comment home shell; do
  if [ "$name" = "$wanted" ] || [ "$uid" = "$wanted" ]; then
    USER=$name HOME=$home SHELL=$shell
    break
  fi
done </etc/passwd
[ -x "$SHELL" ] || SHELL=/bin/sh
LOGNAME=$USER
export USER LOGNAME HOME SHELL
unset wanted name password uid gid comment home shell
cd "$HOME" 2>/dev/null || cd /
[ $# -eq 0 ] || exec "$@"
exec "$SHELL" -l
