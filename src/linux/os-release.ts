/** What names the distribution, os-release(5). */
export interface OsRelease {
  /** ID. */
  readonly id: string;
  /** VERSION_ID. */
  readonly versionId: string | undefined;
  /** PRETTY_NAME, else NAME or ID. */
  readonly prettyName: string;
}

/** Where it is: the administrator's first, then the distribution's own. */
export const osReleasePaths = ["/etc/os-release", "/usr/lib/os-release"] as const;

/** Parses os-release(5); undefined when there is none. Quotes are removed; nothing is expanded. */
export function parseOsRelease(text: string | undefined): OsRelease | undefined {
  if (text === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim());
    if (match?.[1] !== undefined && match[2] !== undefined)
      fields.set(match[1], match[2].replace(/^(["'])(.*)\1$/, "$2"));
  }
  const id = fields.get("ID") ?? "linux";
  return {
    id,
    versionId: fields.get("VERSION_ID"),
    prettyName: fields.get("PRETTY_NAME") ?? fields.get("NAME") ?? id,
  };
}
