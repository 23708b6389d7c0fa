/** The init systems whose needs are known. */
export type InitKind = "systemd" | "sysvinit" | "openrc" | "runit" | "busybox" | "s6";

export interface InitTraits {
  /** Linux signal number that makes this init shut the machine down cleanly. */
  readonly stopSignal: number;
  /**
   * Whether init ends itself by reboot(2), which the kernel turns into the end of the PID namespace
   * (reboot(2), CAP_SYS_BOOT).
   */
  readonly rebootsToStop: boolean;
  /** Where the two facts come from. */
  readonly source: string;
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

export const initTraits: Readonly<Record<InitKind, InitTraits>> = {
  systemd: {
    stopSignal: SIGRTMIN_PLUS_3,
    rebootsToStop: false,
    source: "systemd(1), SIGNALS: SIGRTMIN+3 starts halt.target",
  },
  sysvinit: {
    stopSignal: SIGINT,
    rebootsToStop: true,
    source:
      "init(8): SIGINT runs the ctrlaltdel entry of inittab(5), by default `shutdown -r now`; there is no halting signal",
  },
  openrc: {
    stopSignal: SIGTERM,
    rebootsToStop: true,
    source: "openrc-init(8): SIGTERM and SIGPWR run the shutdown runlevel and halt",
  },
  runit: {
    stopSignal: SIGPWR,
    rebootsToStop: true,
    source: "Debian's runit: SIGPWR starts stage 3 and halts",
  },
  busybox: {
    stopSignal: SIGUSR2,
    rebootsToStop: true,
    source: "busybox init: SIGUSR2 runs the shutdown entries and powers off",
  },
  s6: { stopSignal: SIGUSR1, rebootsToStop: true, source: "s6-linux-init-maker: SIGUSR1 powers off" },
};

/** Where systemd's build puts it, on any distribution: $libdir/systemd. */
const systemdPath = /\/lib(32|64)?\/systemd\/systemd$/;
/**
 * Where distributions have sysvinit's. A program of somebody's own that is called init lies elsewhere, and
 * Alpine has an inittab too.
 */
const sysvinitPath = /^(\/usr)?\/(s?bin|lib\/sysvinit)\/init$/;

/**
 * Which init a command is; `program` is its file with all symbolic links resolved. BusyBox is a hundred
 * programs in one: only `busybox init`, or a link named init, is an init; and `systemd --user` is a user's.
 */
export function initOfCommand(
  command: readonly string[],
  program: string,
  has: (path: string) => boolean,
): InitKind | undefined {
  const kind = initKindOf(program, has);
  if (kind === "busybox" && command[0]?.endsWith("/init") !== true && command[1] !== "init") return undefined;
  return kind === "systemd" && command.includes("--user") ? undefined : kind;
}

/**
 * Which init a program is, told by its path with all symbolic links resolved (`/usr/lib/systemd/systemd`) and
 * by the files beside it; undefined for what is no init, such as s6-overlay's script `/init` or tini, which
 * need nothing of ours.
 */
export function initKindOf(program: string, has: (path: string) => boolean): InitKind | undefined {
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (systemdPath.test(program)) return "systemd";
  if (name === "openrc-init") return "openrc";
  if (name === "runit" || name === "runit-init") return "runit";
  if (name === "busybox") return "busybox";
  // Not s6-svscan: without s6-linux-init's signal scripts it is a supervisor of services, and SIGTERM ends it
  // as it is.
  if (name === "s6-linux-init" || program.startsWith("/etc/s6-linux-init/")) return "s6";
  if (sysvinitPath.test(program) && has("/etc/inittab")) return "sysvinit";
  return undefined;
}
