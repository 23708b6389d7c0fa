import type { GuestInit } from "./guest.ts";

export interface Masks {
  /** Units that systemd shall not start. */
  readonly units: readonly string[];
  /** Generators that systemd shall not run. */
  readonly generators: readonly string[];
}

/**
 * `.attached` directories, the place for masks that /etc/systemd/system still overrides, are known from here
 * on.
 */
const firstWithAttached = 239;

const reasons: readonly { readonly why: string; readonly units: readonly string[] }[] = [
  {
    why: "devices belong to the host; /dev is made by the engine",
    units: [
      "systemd-udevd.service",
      "systemd-udevd-control.socket",
      "systemd-udevd-kernel.socket",
      "systemd-udevd-varlink.socket",
      "systemd-udev-trigger.service",
      "systemd-udev-settle.service",
      "systemd-udev-load-credentials.service",
      "systemd-hwdb-update.service",
      "systemd-tmpfiles-setup-dev.service",
      "systemd-tmpfiles-setup-dev-early.service",
    ],
  },
  {
    why: "the kernel, its modules and its seeds belong to the host",
    units: [
      "systemd-modules-load.service",
      "kmod-static-nodes.service",
      "modprobe@.service",
      "systemd-random-seed.service",
      "systemd-boot-random-seed.service",
      "systemd-boot-update.service",
      "systemd-binfmt.service",
      "proc-sys-fs-binfmt_misc.automount",
      "proc-sys-fs-binfmt_misc.mount",
    ],
  },
  {
    why: "kernel file systems that a machine may not mount",
    units: [
      "dev-hugepages.mount",
      "sys-kernel-debug.mount",
      "sys-kernel-tracing.mount",
      "sys-kernel-config.mount",
      "sys-fs-fuse-connections.mount",
    ],
  },
  {
    why: "a container lacks firmware, TPM and boot loader",
    units: [
      "systemd-pcrphase.service",
      "systemd-pcrphase-sysinit.service",
      "systemd-pcrmachine.service",
      "systemd-tpm2-setup.service",
      "systemd-tpm2-setup-early.service",
      "systemd-bless-boot.service",
    ],
  },
  {
    why: "the root file system is mounted by the engine and is never remounted from inside",
    units: ["systemd-remount-fs.service"],
  },
  {
    why:
      "where /etc/machine-id is a mount, the engine keeps it; " +
      "committing it needs a mount namespace, and so fails",
    units: ["systemd-machine-id-commit.service"],
  },
  {
    why: "a container lacks virtual consoles: /dev shows none of the host's",
    units: ["getty@.service"],
  },
  {
    why: "no user at the console can answer",
    units: [
      "systemd-firstboot.service",
      "systemd-ask-password-console.path",
      "systemd-ask-password-console.service",
      "systemd-ask-password-wall.path",
      "systemd-ask-password-wall.service",
    ],
  },
  {
    why: "the audit socket is the host's",
    units: ["systemd-journald-audit.socket"],
  },
  {
    why: "boots and run levels of a container are the engine's to record",
    units: ["systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"],
  },
];

/**
 * What sets up a network, for a machine whose network is another container's and set up by that. Not
 * firewalls: that they are not in force must show.
 */
const networkUnits: readonly string[] = [
  "networking.service",
  "ifup@.service",
  "ifupdown-pre.service",
  "ifupdown-wait-online.service",
  "systemd-networkd.service",
  "systemd-networkd.socket",
  "systemd-networkd-varlink.socket",
  "systemd-networkd-wait-online.service",
  "systemd-network-generator.service",
  "NetworkManager.service",
  "NetworkManager-wait-online.service",
  "dhcpcd.service",
  "connman.service",
  "wicked.service",
];

/** They look for disks, firmware or a TPM; each costs a process at every boot. */
const generators = [
  "systemd-bless-boot-generator",
  "systemd-cryptsetup-generator",
  "systemd-gpt-auto-generator",
  "systemd-hibernate-resume-generator",
  "systemd-integritysetup-generator",
  "systemd-tpm2-generator",
  "systemd-veritysetup-generator",
];

const units = reasons.flatMap((reason) => reason.units);

/**
 * What cannot work in a container, or in one that inherits a network, and therefore need not start. Other
 * inits than systemd mask nothing.
 */
export function contractMasks(init: GuestInit, inheritsNetwork: boolean): Masks {
  if (init.kind !== "systemd") return { units: [], generators: [] };
  const masked = inheritsNetwork ? [...units, ...networkUnits] : units;
  return {
    units: masked,
    generators: (init.version ?? firstWithAttached) < firstWithAttached ? [] : generators,
  };
}

/**
 * How the masks reach systemd: as directories mounted into its search path, else as arguments
 * (systemd-debug-generator(8)).
 */
export function masksByDirectory(init: GuestInit): boolean {
  return (init.version ?? firstWithAttached) >= firstWithAttached;
}
