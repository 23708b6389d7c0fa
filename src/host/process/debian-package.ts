/** Debian's packages of the programs that berth starts. */
const packages: Readonly<Record<string, string>> = {
  bzip2: "bzip2",
  cat: "coreutils",
  "docker-init": "docker.io",
  dockerd: "docker.io",
  getent: "libc-bin",
  ip: "iproute2",
  iptables: "iptables",
  mmdebstrap: "mmdebstrap",
  mount: "mount",
  nft: "nftables",
  nsenter: "util-linux",
  pivot_root: "util-linux",
  setpriv: "util-linux",
  sh: "dash",
  slirp4netns: "slirp4netns",
  ssh: "openssh-client",
  tini: "tini",
  unshare: "util-linux",
  xz: "xz-utils",
  zstd: "zstd",
};

/** The Debian package of a program; undefined for one that is not in the list. */
export const packageOf = (program: string): string | undefined => packages[program];

/** What to do about a program that is not installed. */
export function installHint(program: string): string | undefined {
  const wanted = packageOf(program);
  return wanted === undefined ? undefined : `Run \`apt-get install ${wanted}\`.`;
}
