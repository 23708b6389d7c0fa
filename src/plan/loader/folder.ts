import type { GuestReading } from "#contract/guest.ts";
import { BerthError } from "#errors.ts";

/** What the guard sees of a root's folder. Names are of its first level, in order. */
export interface FolderFacts {
  readonly entries: readonly FolderEntry[];
  /** What the command is to the folder. */
  readonly reading: GuestReading;
  /** Tells one folder from another on this host, whatever path leads to it: device and inode. */
  readonly identity: string;
}

export interface FolderEntry {
  readonly name: string;
  /** `unnamable`: an invalid UTF-8 name, which the engine cannot handle, or an entry that has disappeared. */
  readonly kind: "directory" | "file" | "link" | "other" | "unnamable";
  /** Of a link, as it is written. */
  readonly target?: string;
}

/**
 * How a folder becomes a machine's root: its directories and files are bound, its links are in the image,
 * which holds nothing else.
 */
export interface RootPlan {
  /** Names to bind, at the same place in the machine. */
  readonly bound: readonly { readonly name: string; readonly directory: boolean }[];
  readonly links: readonly { readonly name: string; readonly target: string }[];
  /** What is left out, each one sentence. */
  readonly notes: readonly string[];
}

/**
 * Far more than any root has in its first level. Each becomes a mount, and a line in every answer of the
 * engine about the machine.
 */
export const mostNames = 1_000;

/** Directories that the engine and init create, and that hide the folder's own; by their exact names. */
export const madeAnew: readonly string[] = ["dev", "proc", "run", "sys"];

/**
 * Plans the root. `taken` are the places of the user's own mounts. Throws `no-os` for a folder without an
 * init, and for one with more than `mostNames` names.
 */
export function planRoot(
  folder: string,
  command: readonly string[],
  facts: FolderFacts,
  taken: readonly string[],
): RootPlan {
  if (facts.entries.length > mostNames) {
    throw new BerthError("no-os", `too many entries in ${folder} (a root has at most ${mostNames})`, {
      hint: `check them with \`ls ${folder}\`: a root has about twenty (examples: bin, etc, usr)`,
    });
  }
  if ("missing" in facts.reading) throw notBootable(folder, command[0] ?? "", facts);
  const shown = facts.entries.filter(({ name }) => !madeAnew.includes(name) && !taken.includes(`/${name}`));
  const whys = {
    other: "unsupported type (only directories, files and links)",
    unnamable: "the engine needs a name in UTF-8",
  } as const;
  return {
    bound: shown.flatMap(({ name, kind }) =>
      kind === "directory" || kind === "file" ? [{ name, directory: kind === "directory" }] : [],
    ),
    links: shown.flatMap(({ name, kind, target }) =>
      kind === "link" && target !== undefined ? [{ name, target }] : [],
    ),
    notes: shown.flatMap(({ name, kind }) =>
      kind === "other" || kind === "unnamable" ? [`ignoring ${folder}/${name}: ${whys[kind]}`] : [],
    ),
  };
}

function notBootable(folder: string, init: string, { entries, reading }: FolderFacts): BerthError {
  if (entries.length === 0) {
    return new BerthError("no-os", `${folder} is empty`, {
      hint: "put a root filesystem into it, with its init",
    });
  }
  const why =
    "missing" in reading && reading.missing === "program"
      ? `${init} is missing`
      : `${init} is an unsupported init`;
  return new BerthError("no-os", `${folder} cannot start a machine: ${why}`, {
    hint:
      "use the folder of a whole system, " +
      "and set the label berth.loader.command if its init is not /sbin/init",
    details: { entries: entries.map(({ name }) => name) },
  });
}
