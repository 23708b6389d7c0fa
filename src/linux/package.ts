/** The programs that install packages, by what a command of theirs begins with. */
const commands = {
  apt: "apt-get install",
  dnf: "dnf install",
  pacman: "pacman -S",
  zypper: "zypper install",
} as const;

export type PackageManager = keyof typeof commands;

/** By the words of ID and ID_LIKE: a derivative names what it derives from. */
const managers: readonly (readonly [RegExp, PackageManager])[] = [
  [/^(?:debian|ubuntu)$/, "apt"],
  [/^(?:fedora|rhel|centos)$/, "dnf"],
  [/^arch$/, "pacman"],
  [/^(?:suse|opensuse.*|sles?)$/, "zypper"],
];

/** What installs packages on a system, by its os-release(5); undefined for one that is not known. */
export function packageManagerOf(osRelease: string | undefined): PackageManager | undefined {
  const word = (key: string) => new RegExp(`^${key}=["']?([^"'\\n]*)`, "m").exec(osRelease ?? "")?.[1] ?? "";
  const words = `${word("ID")} ${word("ID_LIKE")}`.split(" ");
  return words.flatMap((id) => managers.find(([pattern]) => pattern.test(id))?.[1] ?? [])[0];
}

type Names = Readonly<Partial<Record<PackageManager, string>>>;

const everywhere = (name: string): Names => ({ apt: name, dnf: name, pacman: name, zypper: name });
const utilLinux = everywhere("util-linux");
const engine: Names = { apt: "docker.io", dnf: "moby-engine", pacman: "docker", zypper: "docker" };

/** The packages of the programs that berth starts; without a name where a distribution has none. */
const packages: Readonly<Record<string, Names>> = {
  apparmor_parser: { apt: "apparmor", pacman: "apparmor", zypper: "apparmor-parser" },
  bzip2: everywhere("bzip2"),
  cat: everywhere("coreutils"),
  "docker-init": engine,
  dockerd: engine,
  getent: { apt: "libc-bin", dnf: "glibc-common", pacman: "glibc", zypper: "glibc" },
  ip: { ...everywhere("iproute2"), dnf: "iproute" },
  iptables: { ...everywhere("iptables"), dnf: "iptables-nft" },
  mmdebstrap: { apt: "mmdebstrap" },
  mount: { ...utilLinux, apt: "mount" },
  nft: everywhere("nftables"),
  nsenter: utilLinux,
  pivot_root: utilLinux,
  setpriv: utilLinux,
  sh: { ...everywhere("bash"), apt: "dash" },
  slirp4netns: everywhere("slirp4netns"),
  ssh: { ...everywhere("openssh-clients"), apt: "openssh-client", pacman: "openssh" },
  tini: everywhere("tini"),
  unshare: utilLinux,
  xz: { ...everywhere("xz"), apt: "xz-utils" },
  zstd: everywhere("zstd"),
};

/** The package of a program; Debian's for a system that is not known. Undefined where there is none. */
export function packageOf(program: string, manager: PackageManager | undefined): string | undefined {
  return packages[program]?.[manager ?? "apt"];
}

/** "dnf install iproute"; undefined for a system or a package that is not known. */
export function installCommand(program: string, manager: PackageManager | undefined): string | undefined {
  const name = packageOf(program, manager);
  return manager === undefined || name === undefined ? undefined : `${commands[manager]} ${name}`;
}

/** What to do about a program that is not installed; undefined for one without a package. */
export function installHint(program: string, manager: PackageManager | undefined): string | undefined {
  const command = installCommand(program, manager);
  if (command !== undefined) return `Run \`${command}\`.`;
  const name = manager === undefined ? packageOf(program, "apt") : undefined;
  return name === undefined ? undefined : `Install ${program} (Debian's package ${name}).`;
}
