/** Sources of nsswitch.conf(5) that only know users of this host's own files and services. */
const ofThisHost: readonly string[] = ["files", "compat", "db", "altfiles", "systemd", "mymachines"];

/**
 * Whether users or groups of this host may come from a directory service, such as `sss`, `ldap` or `winbind`.
 */
export function hasDirectory(nsswitch: string): boolean {
  const sources = [...nsswitch.matchAll(/^\s*(?:passwd|group):([^#\n]*)/gm)].flatMap(([, list = ""]) =>
    list
      .replace(/\[[^\]]*\]/g, " ")
      .split(/\s+/)
      .filter((word) => word !== ""),
  );
  return sources.some((source) => !ofThisHost.includes(source));
}
