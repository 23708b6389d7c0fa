import type { ScratchImage } from "#machinefile/machine.ts";

/**
 * What a system administrator expects of a minimal virtual machine, beyond apt, dpkg, bash and the like,
 * which are in every Debian. Every recipe has these, and what its `packages` list comes on top. No sshd: its
 * host keys must be each machine's own, and most machines are entered with `berth shell`; a recipe that lists
 * openssh-server gets keys made at its first start.
 */
export const machinePackages: readonly string[] = [
  "systemd", // the init: the point of it all
  "systemd-sysv", // /sbin/init, halt, poweroff, reboot, shutdown
  "dbus", // systemctl for others than root, hostnamectl, timedatectl, loginctl
  "libpam-systemd", // a login is a session: XDG_RUNTIME_DIR, user units, loginctl
  "iproute2", // ip, ss, tc
  "iputils-ping", // the first thing anybody types
  "netbase", // /etc/services and /etc/protocols, without which getservbyname(3) fails
  "procps", // ps, top, free, sysctl, pkill
  "less", // the pager of journalctl and systemctl
  "vim-tiny", // `systemctl edit`, visudo and the like want an editor
  "ca-certificates", // TLS to anything, https sources of apt
  "tzdata", // timedatectl set-timezone
];

const debian = (release: string): ScratchImage => ({ base: "scratch", os: "debian", release, packages: [] });
const ubuntu = (release: string): ScratchImage => ({ base: "scratch", os: "ubuntu", release, packages: [] });

/** The names that work everywhere without a recipe of one's own. */
export const builtinImages: ReadonlyMap<string, ScratchImage> = new Map([
  ["debian-11", debian("bullseye")],
  ["debian-12", debian("bookworm")],
  ["debian-13", debian("trixie")],
  ["debian-sid", debian("sid")],
  ["ubuntu-22.04", ubuntu("jammy")],
  ["ubuntu-24.04", ubuntu("noble")],
]);
