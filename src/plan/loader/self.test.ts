import { expect, test } from "bun:test";
import { parseDefaultInterfaces } from "./routes.ts";
import { parseOwnIds, parseSwarmFiles } from "./self.ts";

const id = "0123456789abcdef".repeat(4);
const other = "f".repeat(64);

test.each<[string, string, string, string, readonly string[]]>([
  [
    "mounts, whatever the cgroups",
    `700 690 254:1 /lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/vda rw\n`,
    "0::/\n",
    "mail",
    [id],
  ],
  ["the v1 cgroup", "", `12:cpu:/docker/${id}\n11:x:/docker/${id}\n`, "mail", [id]],
  ["the systemd driver's scope", "", `1:name=systemd:/system.slice/docker-${id}.scope\n`, "mail", [id]],
  ["the host name", "", "0::/\n", id.slice(0, 12), [id.slice(0, 12)]],
  [
    "all of them, each once",
    `1 2 0:1 /containers/${id}/hosts /etc/hosts rw - x y z\n1 2 0:1 /containers/${id}/hostname /etc/hostname rw - x y z\n`,
    `1:x:/docker/${other}\n`,
    id.slice(0, 12),
    [id, other, id.slice(0, 12)],
  ],
  ["nothing", `1 2 0:1 /home/${id}/hosts /srv/hosts rw - x y z\n`, "0::/user.slice\n", "mail", []],
])("its own container by %s", (_, mountinfo, cgroup, hostname, ids) =>
  expect(parseOwnIds(mountinfo, cgroup, hostname)).toEqual(ids),
);

test("secrets and configs are the tmpfs files that are named by the swarm's ids", () => {
  const lines = [
    "830 820 0:70 /abcdefghijklmnopqrstuvwxy /run/secrets/key ro,relatime - tmpfs tmpfs ro",
    "831 820 0:70 /mounts/0123456789abcdefghijklmno /etc/app.conf ro,relatime - tmpfs tmpfs ro",
    "832 820 0:71 / /dev/shm rw - tmpfs shm rw",
    "833 820 8:1 /abcdefghijklmnopqrstuvwxy /data rw - ext4 /dev/sda rw",
  ];
  expect(parseSwarmFiles(lines.join("\n"))).toEqual([
    { target: "/run/secrets/key", name: "abcdefghijklmnopqrstuvwxy" },
    { target: "/etc/app.conf", name: "0123456789abcdefghijklmno" },
  ]);
});

const ipv4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0001000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
`;
const zero = "0".repeat(32);
const ipv6 = `${zero} 00 ${zero} 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth2
${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo
`;

test.each([
  ["both", ipv4, ipv6, { ipv4: "eth1", ipv6: "eth2" }],
  [
    "the loopback's reject route is none",
    ipv4,
    ipv6.split("\n").slice(1).join("\n"),
    { ipv4: "eth1", ipv6: undefined },
  ],
  ["none", "", "", { ipv4: undefined, ipv6: undefined }],
])("default routes: %s", (_, four, six, expected) =>
  expect(parseDefaultInterfaces(four, six)).toEqual(expected),
);
