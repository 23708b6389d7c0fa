import script from "./login.sh" with { type: "text" };

/**
 * The words that become a user's login shell inside a machine, or with `cmd` that command with the same
 * variables and directory. They look the user up themselves, which saves a round trip and is right for a
 * machine whose users change. `cmd` stays words.
 */
export function loginCommand(user: string, cmd: readonly string[]): readonly string[] {
  return ["/bin/sh", "-c", script, "sh", user.replace(/:.*$/s, ""), ...cmd];
}
