/** A mount as /proc/PID/mountinfo has it (proc_pid_mountinfo(5)), octal escapes undone. */
export interface MountEntry {
  readonly id: number;
  /** The mount that its place is in; one that is not listed, or itself, for the topmost. */
  readonly parent: number;
  /** Which file system it is of, as `major:minor`. */
  readonly device: string;
  /** Which directory of that file system it shows, "/" for all. */
  readonly root: string;
  /** Where it is. */
  readonly point: string;
  /** The options of this mount, such as `ro` or `nosuid`, apart by commas. */
  readonly mountOptions: string;
  /** Whether what is mounted or unmounted there elsewhere shows here too (mount_namespaces(7)). */
  readonly isPropagated: boolean;
  readonly type: string;
  readonly source: string;
  /** The file system's own options, apart by commas. */
  readonly options: string;
}

/**
 * The mounts in a mountinfo, in the order of mounting; what is no such line is left out. A host may have ten
 * thousand, of which `isWanted` picks the few lines that are to be parsed.
 */
export function parseMountinfo(
  mountinfo: string,
  isWanted: (line: string) => boolean = () => true,
): readonly MountEntry[] {
  return mountinfo.split("\n").flatMap((line) => (isWanted(line) ? (parseLine(line) ?? []) : []));
}

/** The type comes after any number of optional fields and a dash. */
function parseLine(line: string): MountEntry | undefined {
  const fields = line.split(" ");
  const dash = fields.indexOf("-", 6);
  const [id, parent, device = "", root = "", point = "", mountOptions = ""] = fields;
  const type = fields[dash + 1];
  if (dash === -1 || type === undefined) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: withoutEscapes(root),
    point: withoutEscapes(point),
    mountOptions,
    isPropagated: fields.slice(6, dash).some(isPropagation),
    type,
    source: withoutEscapes(fields[dash + 2] ?? ""),
    options: withoutEscapes(fields.slice(dash + 3).join(" ")),
  };
}

const isPropagation = (tag: string) => tag.startsWith("shared:") || tag.startsWith("master:");

/** The mount point alone of a line, for an `isWanted` that many lines are asked of. */
export function pointOf(line: string): string {
  let start = 0;
  for (let field = 0; field < 4; field += 1) {
    start = line.indexOf(" ", start) + 1;
    if (start === 0) return "";
  }
  const end = line.indexOf(" ", start);
  return withoutEscapes(line.slice(start, end === -1 ? undefined : end));
}

/** Whether a line is of that type, by a quick look that may err for types that begin so. */
export const mayBeOf = (type: string) => (line: string) => line.includes(` - ${type}`);

/** All mounts at a place, the topmost last. */
export function mountsAt(mountinfo: string, point: string): readonly MountEntry[] {
  const written = withEscapes(point);
  return parseMountinfo(mountinfo, (line) => line.includes(written) && pointOf(line) === point);
}

/** The topmost mount at a place; undefined where there is none. */
export const lastMountAt = (mountinfo: string, point: string): MountEntry | undefined =>
  mountsAt(mountinfo, point).at(-1);

/** Undoes the octal escapes of space, tab, line end and backslash. */
function withoutEscapes(text: string): string {
  // Most have none.
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** A path as mountinfo writes it. */
const withEscapes = (path: string) =>
  path.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
