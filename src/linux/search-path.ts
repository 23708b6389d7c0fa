/** Where a system keeps the programs of its packages, and its own: not what a caller's PATH says. */
export const systemDirectories = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
] as const;

/** The same, as a PATH. */
export const systemPath = systemDirectories.join(":");
