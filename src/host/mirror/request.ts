import type { IdRange } from "#linux/id-range.ts";

/** What is mounted in place of the engine's own mount of a machine's files while the machine lives. */
export interface MirrorPlan {
  /** The machine's state, by which it is known. */
  readonly state: string;
  /** Where the engine has the machine's files mounted. */
  readonly place: string;
  /** Which file system the machine's files are, as /proc/PID/mountinfo has it. */
  readonly device: string;
  /** The machine's ids. */
  readonly range: IdRange;
  /** The engine's own mount there, to be mounted again when the machine has ended. */
  readonly overlay: EngineMount;
}

/** An overlay mount as mount(2) takes it; names of layers may be relative to the directory. */
export interface EngineMount {
  readonly source: string;
  readonly options: string;
  readonly directory: string;
}

export type MirrorRequest =
  /** Takes the engine's mount away from a place. */
  | { readonly do: "clear"; readonly place: string }
  /** Shows, at its place, the files that a process has mounted at a path. */
  | { readonly do: "show"; readonly plan: MirrorPlan; readonly pid: number; readonly root: string }
  /**
   * A thread of an engine's asks a process which file system it answers for: puts a decoy over a mirror,
   * takes a decoy away.
   */
  | { readonly do: "decoy"; readonly by: number; readonly thread: number }
  /** Shows what is missing. */
  | { readonly do: "look" }
  /** Gives the place back to the engine's mount, once the machine's files are not mounted any more. */
  | { readonly do: "release"; readonly state: string };
