/** What a machine or service is going through. Each has a kind, which picks its mark. */
const kinds = {
  waiting: "idle",
  preparing: "busy",
  creating: "busy",
  starting: "busy",
  booting: "busy",
  stopping: "busy",
  removing: "busy",
  deploying: "busy",
  started: "done",
  running: "done",
  stopped: "done",
  removed: "done",
  unchanged: "done",
  degraded: "warning",
  skipped: "warning",
  failed: "failed",
} as const;

export type ProgressState = keyof typeof kinds;
export type ProgressKind = (typeof kinds)[ProgressState];

export function kindOf(state: ProgressState): ProgressKind {
  return kinds[state];
}

export interface Marks {
  readonly idle: string;
  readonly done: string;
  readonly warning: string;
  readonly failed: string;
  /** Shown one after the other while busy. */
  readonly spinner: readonly [string, ...string[]];
}

const unicode: Marks = {
  idle: "·",
  done: "✔",
  warning: "▲",
  failed: "✘",
  spinner: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
};
const ascii: Marks = { idle: ".", done: "+", warning: "!", failed: "x", spinner: ["-", "\\", "|", "/"] };

/**
 * ASCII for terminals that show nothing else: the Linux console, or a locale with another character set.
 */
export function marksFor(env: Readonly<Record<string, string | undefined>>): Marks {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  const plain = env.TERM === "linux" || (locale !== "" && !/utf-?8/i.test(locale));
  return plain ? ascii : unicode;
}
