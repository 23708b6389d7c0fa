import type { ScratchImage, System } from "#machinefile/machine.ts";
import { keyrings } from "./build-plan.ts";

/** One entry of apt's sources: sources.list(5), either format. */
export interface AptEntry {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

export interface Mirror {
  readonly archive: string;
  /** Where the security updates are, if that is known; Debian keeps them in an archive of their own. */
  readonly security: string | undefined;
}

export interface AptFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Parses the binary-package entries of apt's source files, in the order given. What apt itself would refuse
 * is passed over: it is not ours to check.
 */
export function parseAptSources(files: readonly AptFile[]): readonly AptEntry[] {
  return files.flatMap(({ name, text }) =>
    name.endsWith(".sources") ? parseDeb822(text) : parseOneLine(text),
  );
}

function parseOneLine(text: string): readonly AptEntry[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, uri = "", suite = "", rest = ""] = match;
    return [{ uri, suite, components: words(rest) }];
  });
}

function parseDeb822(text: string): readonly AptEntry[] {
  const withoutComments = text.replace(/^#.*\n?/gm, "");
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const match of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm))
      fields.set((match[1] ?? "").toLowerCase(), match[2] ?? "");
    if (!words(fields.get("types")).includes("deb") || fields.get("enabled")?.trim().toLowerCase() === "no")
      return [];
    const components = words(fields.get("components"));
    return words(fields.get("uris")).flatMap((uri) =>
      words(fields.get("suites")).map((suite) => ({ uri, suite, components })),
    );
  });
}

const words = (text: string | undefined): readonly string[] =>
  (text ?? "").split(/\s+/).filter((word) => word !== "");

/**
 * The archive that a host uses for its own distribution, by suites, the most likely first. Other repositories
 * may have the same suite: the distribution's own has `main`, and for a stable release also `-updates`.
 */
export function hostMirror(entries: readonly AptEntry[], suites: readonly string[]): Mirror | undefined {
  const web = entries.filter(({ uri, components }) => /^https?:/.test(uri) && components.includes("main"));
  const ofSuite = (suite: string) =>
    web.filter((entry) => entry.suite === suite).map(({ uri }) => uri.replace(/\/+$/, ""));
  for (const suite of suites) {
    const candidates = ofSuite(suite);
    const updates = ofSuite(`${suite}-updates`);
    const archive = candidates.find((uri) => updates.includes(uri)) ?? candidates[0];
    if (archive !== undefined) return { archive, security: ofSuite(`${suite}-security`)[0] };
  }
  return undefined;
}

/**
 * The sources.list(5) lines for a recipe. `mirror` is either such lines, used as they are, or the URL of a
 * full archive. A URL does not determine Debian's security archive: then there are no security updates.
 */
export function planSources(
  recipe: Pick<ScratchImage, "os" | "release">,
  mirror: string | Mirror | undefined,
): readonly string[] {
  if (mirror === undefined) return [];
  if (typeof mirror === "string" && /^\s*deb\s/.test(mirror)) {
    return mirror
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  }
  const { archive, security } =
    typeof mirror === "string" ? { archive: mirror.replace(/\/+$/, ""), security: undefined } : mirror;
  const components = recipe.os === "ubuntu" ? "main universe" : "main";
  const line = (uri: string, suite: string) =>
    `deb [signed-by=${keyrings[recipe.os]}] ${uri} ${suite} ${components}`;
  if (rolling.includes(recipe.release)) return [line(archive, recipe.release)];
  // Ubuntu's security suite is in every archive of it.
  const securityArchive = security ?? (recipe.os === "ubuntu" ? archive : undefined);
  return [
    line(archive, recipe.release),
    line(archive, `${recipe.release}-updates`),
    ...(securityArchive === undefined ? [] : [line(securityArchive, `${recipe.release}-security`)]),
  ];
}

/**
 * The Debian archive that a builder's image gets mmdebstrap from, in place of its own: the one that was asked
 * for. Lines say nothing about other releases, Ubuntu's archive has none of Debian's, and a small image has
 * no certificates to trust https by.
 */
export function builderArchive(os: System, mirror: string | undefined): string | undefined {
  return os === "debian" && mirror?.startsWith("http://") ? mirror.replace(/\/+$/, "") : undefined;
}

/** Releases that are their own updates. */
const rolling: readonly string[] = ["sid", "unstable", "testing"];
