/** What the VM is like: Debian of a suite with its own engine, as people have it. Pure. */

export const vmSuites = ["trixie", "sid"] as const;
export type VmSuite = (typeof vmSuites)[number];

/** Where the engine keeps images: its own store, or containerd's, as Docker 29 does by default. */
export const vmStores = ["overlay2", "containerd"] as const;
export type VmStore = (typeof vmStores)[number];

/** The kernel is Debian's for clouds: all of its filters and controllers, and few drivers. */
const packages = [
  ...["linux-image-cloud-amd64", "systemd-sysv", "dbus", "udev", "kmod", "apparmor", "libpam-systemd"],
  ...["docker.io", "docker-cli", "containerd", "runc", "crun", "tini", "lxcfs", "fuse3"],
  // Other engines: Podman, and Docker as a user's own.
  ...["podman", "rootlesskit", "slirp4netns", "uidmap", "dbus-user-session"],
  // The peer beside which machines are measured.
  "systemd-container",
  ...["iptables", "nftables", "iproute2", "iputils-ping", "openssh-server", "ca-certificates"],
  ...["e2fsprogs", "util-linux-extra", "procps", "acl", "jq", "perl", "curl"],
  // What the initrd is made of (lab/vm/initrd.ts).
  "busybox-static",
];

/** mmdebstrap's arguments for a root directory. An archive's snapshot may be older than Release allows. */
export function vmRootArguments(suite: VmSuite, root: string, mirror: readonly string[]): readonly string[] {
  return [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    '--aptopt=Acquire::Check-Valid-Until "false"',
    // Documentation is what most of the files are.
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    suite,
    root,
    ...mirror,
  ];
}

/** The files that make it this VM, by their paths; the public key is who may log in as root. */
export function vmFiles(publicKey: string): Readonly<Record<string, string>> {
  return {
    "/etc/hostname": "vm\n",
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vm\n",
    // Not checked at boot: nobody waits for it.
    "/etc/fstab": "/dev/vda / ext4 defaults 0 0\n",
    // The name server that QEMU's user network has.
    "/etc/resolv.conf": "nameserver 10.0.2.3\n",
    "/etc/systemd/network/10-en.network": "[Match]\nName=en*\n[Network]\nDHCP=ipv4\n",
    "/root/.ssh/authorized_keys": publicKey,
  };
}

/** Units that run without a word of ours, and those that cost an emulated boot its time. */
export const vmUnits = {
  enabled: ["systemd-networkd.service"],
  masked: [
    ...["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"],
    ...["e2scrub_reap.service", "fstrim.timer", "systemd-networkd-wait-online.service"],
  ],
} as const;

/** The one module that the root disk takes: the rest is in Debian's kernel for clouds. */
export const diskDriver = "virtio_blk";

/** The first process: mounts the root disk and hands over to its init. */
export const firstInit = `#!/busybox sh
/busybox mount -t devtmpfs devtmpfs /dev
/busybox insmod /${diskDriver}.ko
until [ -b /dev/vda ]; do /busybox sleep 0.1; done
/busybox mount -t ext4 /dev/vda /root
/busybox umount /dev
exec /busybox switch_root /root /sbin/init
`;

/** The kernel's command line; the console is a serial line. */
export const vmKernelLine = "console=ttyS0 root=/dev/vda rw quiet mitigations=off";

/** The engine's settings that make it use a store. */
export function storeSettings(store: VmStore): string {
  return JSON.stringify(store === "containerd" ? { features: { "containerd-snapshotter": true } } : {});
}

/** All that decides what is in the disk, as one text. */
export function describeDisk(suite: VmSuite): string {
  return JSON.stringify([vmRootArguments(suite, "/", []), vmFiles(""), vmUnits, firstInit]);
}
