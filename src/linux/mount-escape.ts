/**
 * Undoes the octal escapes of a path in mountinfo: space, tab, line end and backslash
 * (proc_pid_mountinfo(5)).
 */
export function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** A path as mountinfo writes it. */
export function escapeMount(path: string): string {
  return path.replace(
    /[ \t\n\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
