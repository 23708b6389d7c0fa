/** Everything about an init system that berth depends on. Add an entry to support another init. */
export interface InitSystem {
  /** Linux signal number that makes this init shut the machine down cleanly. */
  readonly stopSignal: number;
  /**
   * Whether init ends itself by reboot(2), which the kernel turns into the end of the PID namespace
   * (reboot(2), CAP_SYS_BOOT).
   */
  readonly rebootsToStop: boolean;
  /** Where the two facts come from. */
  readonly source: string;
  /**
   * Endings of command paths that may start it, besides `/init`, which may link to any init. The launcher
   * uses them to select from a config.json's text the containers that it hands to berth.
   */
  readonly endings: readonly string[];
  /**
   * Whether a program is this init, by its path with all symbolic links resolved and by the files beside it.
   */
  isProgram(program: string, has: (path: string) => boolean): boolean;
  /** Whether a command runs that program as an init. Default: any command does. */
  isCommand?(command: readonly string[]): boolean;
  /** Whether the program may be a script; else it must be machine code, since a name alone makes no init. */
  readonly mayBeScript?: true;
  /** Where it lies in a root whose /sbin/init is missing. */
  readonly paths?: readonly string[];
}

const SIGINT = 2;
const SIGUSR1 = 10;
const SIGUSR2 = 12;
const SIGTERM = 15;
const SIGPWR = 30;
/**
 * SIGRTMIN as the kernel and glibc-linked inits count it is 34; engines that refuse the name take the number.
 */
const SIGRTMIN_PLUS_3 = 37;

const nameOf = (program: string | undefined = "") => program.slice(program.lastIndexOf("/") + 1);

/** The init systems that are known; a program is the first's that takes it. */
export const inits = {
  systemd: {
    stopSignal: SIGRTMIN_PLUS_3,
    rebootsToStop: false,
    source: "systemd(1), SIGNALS: SIGRTMIN+3 starts halt.target",
    endings: ["/systemd"],
    // Where systemd's build puts it, on any distribution: $libdir/systemd.
    isProgram: (program) => /\/lib(32|64)?\/systemd\/systemd$/.test(program),
    isCommand: (command) => !command.includes("--user"),
    paths: ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"],
  },
  openrc: {
    stopSignal: SIGTERM,
    rebootsToStop: true,
    source: "openrc-init(8): SIGTERM and SIGPWR run the shutdown runlevel and halt",
    endings: ["openrc-init"],
    isProgram: (program) => nameOf(program) === "openrc-init",
  },
  runit: {
    stopSignal: SIGPWR,
    rebootsToStop: true,
    source: "Debian's runit: SIGPWR starts stage 3 and halts",
    endings: ["/runit", "runit-init"],
    isProgram: (program) => ["runit", "runit-init"].includes(nameOf(program)),
  },
  busybox: {
    stopSignal: SIGUSR2,
    rebootsToStop: true,
    source: "busybox init: SIGUSR2 runs the shutdown entries and powers off",
    endings: ["busybox"],
    isProgram: (program) => nameOf(program) === "busybox",
    // BusyBox is a hundred programs in one: only `busybox init`, or a link named init, is an init.
    isCommand: ([path, applet]) => path?.endsWith("/init") === true || applet === "init",
  },
  s6: {
    stopSignal: SIGUSR1,
    rebootsToStop: true,
    source: "s6-linux-init-maker: SIGUSR1 powers off",
    endings: ["s6-linux-init"],
    // Not s6-svscan: without s6-linux-init's signal scripts it is a supervisor of services, and SIGTERM ends
    // it as it is.
    isProgram: (program) => nameOf(program) === "s6-linux-init" || program.startsWith("/etc/s6-linux-init/"),
    // By design (s6-linux-init-maker).
    mayBeScript: true,
  },
  sysvinit: {
    stopSignal: SIGINT,
    rebootsToStop: true,
    source:
      "init(8): SIGINT runs the ctrlaltdel entry of inittab(5), by default `shutdown -r now`; " +
      "no signal halts",
    endings: [],
    // Where distributions install it. Other programs named init lie elsewhere, and Alpine has an inittab too.
    isProgram: (program, has) =>
      /^(\/usr)?\/(s?bin|lib\/sysvinit)\/init$/.test(program) && has("/etc/inittab"),
  },
} as const satisfies Readonly<Record<string, InitSystem>>;

/** The init systems whose needs are known. */
export type InitKind = keyof typeof inits;

/** A table of init systems: `inits`, unless one is tried out. */
export type Inits = Readonly<Record<InitKind, InitSystem>>;

/** Whether a name, such as a label's, is a known init's. */
export function isInitKind(name: string | undefined, table: Inits = inits): name is InitKind {
  return name !== undefined && Object.hasOwn(table, name);
}

/** The facts about a program: its path with all symbolic links resolved, and the files beside it. */
export interface InitProgram {
  readonly program: string;
  has(path: string): boolean;
  /** Whether it is machine code, not a script; absent if unknown. */
  isElf?(): boolean;
}

/**
 * Which init a command starts. Undefined for other programs, such as s6-overlay's script `/init` or tini,
 * which need no contract.
 */
export function initKindOf(
  command: readonly string[],
  { program, has, isElf = () => true }: InitProgram,
  table: Inits = inits,
): InitKind | undefined {
  for (const [kind, init] of Object.entries(table)) {
    if (!init.isProgram(program, has)) continue;
    const isInit = (init.isCommand?.(command) ?? true) && (init.mayBeScript === true || isElf());
    return isInit ? (kind as InitKind) : undefined;
  }
  return undefined;
}

/** Endings of command paths that may start one of these inits. */
export function initEndings(table: Inits = inits): readonly string[] {
  return ["/init", ...Object.values(table).flatMap(({ endings }) => endings)];
}

/**
 * Whether a command's path ends with the whole name of an init. A root without that file is then a root
 * without an init. `/init` itself may be any program.
 */
export function isInitPath(path: string | undefined, table: Inits = inits): boolean {
  if (path === undefined || path === "/init") return false;
  return initEndings(table).some((ending) => ending.startsWith("/") && path.endsWith(ending));
}

/** Where to look for the init of a root, in this order. */
export function initPaths(table: Inits = inits): readonly string[] {
  return ["/sbin/init", ...Object.values(table).flatMap(({ paths = [] }) => paths), "/usr/bin/init", "/init"];
}
