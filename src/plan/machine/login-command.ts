/**
 * The words that become a user's login shell inside a machine, or with `cmd` that command with the same
 * variables and directory. They look the user up themselves, which saves a round trip and is right for a
 * machine whose users change. `cmd` stays words.
 */
export function loginCommand(user: string, cmd: readonly string[]): readonly string[] {
  return ["/bin/sh", "-c", script, "sh", user.replace(/:.*$/s, ""), ...cmd];
}

/** POSIX shell. Variables as login(1) sets them; passwd(5): an empty shell means /bin/sh. */
const script = `wanted=$1
shift
USER=$wanted HOME=/ SHELL=
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
exec "$SHELL" -l`;
