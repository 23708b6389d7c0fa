import type { Tree, TreeNode } from "#image/store/tree.ts";

const directory = (mode = 0o755): TreeNode => ({ kind: "directory", mode });
const file = (text: string): TreeNode => ({
  kind: "file",
  mode: 0o644,
  content: new TextEncoder().encode(text),
});
const link = (target: string): TreeNode => ({ kind: "link", target });

/**
 * What the image has around its programs: a merged /usr, places for the engine's mounts, and the tables the C
 * library reads.
 */
export const loaderRoot: Tree = new Map([
  ...["bin", "sbin", "lib", "lib64"].flatMap(
    (name) =>
      [
        [`/${name}`, link(`usr/${name}`)],
        [`/usr/${name}`, directory()],
      ] as const,
  ),
  ...["/dev", "/etc", "/proc", "/run", "/sys", "/var"].map((path) => [path, directory()] as const),
  ["/root", directory(0o700)],
  ["/tmp", directory(0o1777)],
  // By an absolute link the engine's socket is at both paths, wherever it is bound.
  ["/var/run", link("/run")],
  ["/etc/passwd", file("root:x:0:0:root:/root:/bin/sh\n")],
  ["/etc/group", file("root:x:0:\n")],
  // Names of hosts (an engine at tcp://proxy:2375) and of protocols, which nft looks up.
  ["/etc/nsswitch.conf", file("passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\n")],
  [
    "/etc/protocols",
    file("icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP icmpv6\nsctp 132 SCTP\n"),
  ],
]);
