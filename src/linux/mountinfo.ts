/** A mount as /proc/PID/mountinfo has it (proc_pid_mountinfo(5)), octal escapes undone. */
export interface MountEntry {
  readonly id: number;
  /** The parent mount; for the topmost one itself, or one that is not listed. */
  readonly parent: number;
  /** Which file system it is of, as `major:minor`. */
  readonly device: string;
  /** Which directory of that file system it shows, "/" for all. */
  readonly root: string;
  /** Where it is. */
  readonly point: string;
  /** The options of this mount, such as `ro` or `nosuid`, apart by commas. */
  readonly mountOptions: string;
  /** Whether mounts and unmounts elsewhere propagate to this mount (mount_namespaces(7)). */
  readonly isPropagated: boolean;
  readonly type: string;
  readonly source: string;
  /** The file system's own options, apart by commas. */
  readonly options: string;
}

/**
 * The mounts in a mountinfo, in mount order; ignores invalid lines. A host may have ten thousand: use
 * `isWanted` to parse only some lines.
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

/** The mount point of a line, without parsing the rest; for `isWanted`. */
export function pointOf(line: string): string {
  let start = 0;
  for (let field = 0; field < 4; field += 1) {
    start = line.indexOf(" ", start) + 1;
    if (start === 0) return "";
  }
  const end = line.indexOf(" ", start);
  return withoutEscapes(line.slice(start, end === -1 ? undefined : end));
}

/** A quick filter for lines of a type; may also match types with that prefix. */
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
