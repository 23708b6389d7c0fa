import { expect, test } from "bun:test";
import { parsePublish } from "#machinefile/value/publish.ts";
import { parsePortTables, renderPortTable, tableName } from "./port-table.ts";

const ipv4 = { ipv4: "172.18.0.3" };
const ipv6 = { ipv6: "fd00::3" };
const both = { ...ipv4, ...ipv6 };
const parse = (publish: readonly (string | number)[]) => publish.map(parsePublish);

const head = 'iifname { "lo", "docker_gwbridge" } return';
const rulesOf = (script: string) =>
  script
    .slice(script.indexOf(head) + head.length)
    .split("; }")[0]
    ?.replace(/^; /, "")
    .split("; ") ?? [];

test("a table with all in one line, for packets from outside and from the host itself", () => {
  const rule = "meta nfproto ipv4 fib daddr type local tcp dport 80 dnat ip to 172.18.0.3";
  expect(renderPortTable("a1", parse([80]), ipv4, ["docker_gwbridge"])).toBe(
    `add table inet berth-a1 { flags owner; chain from_outside { type nat hook prerouting priority -110; policy accept; ${head}; ${rule}; }; chain from_host { type nat hook output priority -110; policy accept; ip daddr 127.0.0.0/8 return; ip6 daddr ::1 return; ${rule}; }; }`,
  );
});

test.each([
  [
    "a mapping",
    "8080:80",
    ipv4,
    ["meta nfproto ipv4 fib daddr type local tcp dport 8080 dnat ip to 172.18.0.3:80"],
  ],
  ["UDP", "53/udp", ipv4, ["meta nfproto ipv4 fib daddr type local udp dport 53 dnat ip to 172.18.0.3"]],
  [
    "a range keeps its ports",
    "1000-1010",
    ipv4,
    ["meta nfproto ipv4 fib daddr type local tcp dport 1000-1010 dnat ip to 172.18.0.3"],
  ],
  [
    "a moved range keeps its offsets",
    "2000-2002:1000-1002/udp",
    both,
    [
      "meta nfproto ipv4 fib daddr type local udp dport 2000-2002 dnat ip to 172.18.0.3 : udp dport map { 2000 : 1000, 2001 : 1001, 2002 : 1002 }",
      "meta nfproto ipv6 fib daddr type local udp dport 2000-2002 dnat ip6 to [fd00::3] : udp dport map { 2000 : 1000, 2001 : 1001, 2002 : 1002 }",
    ],
  ],
  [
    "IPv6 alone",
    "[2001:db8::1]:8080:80",
    both,
    ["meta nfproto ipv6 fib daddr type local ip6 daddr 2001:db8::1 tcp dport 8080 dnat ip6 to [fd00::3]:80"],
  ],
  [
    "an address",
    "192.0.2.1:80:80",
    both,
    ["meta nfproto ipv4 fib daddr type local ip daddr 192.0.2.1 tcp dport 80 dnat ip to 172.18.0.3"],
  ],
  [
    "every address of one family",
    "[::]:80:80",
    both,
    ["meta nfproto ipv6 fib daddr type local tcp dport 80 dnat ip6 to fd00::3"],
  ],
  ["loopback is left to the relay", "127.0.0.1:80:80", both, [""]],
] as const)("rules for %s", (_, publish, targets, rules) => {
  expect(rulesOf(renderPortTable("a", parse([publish]), targets, ["docker_gwbridge"]))).toEqual([...rules]);
});

test.each(["", "A", "a-b", "a;b", "a b", "x".repeat(25)])("%p names no table", (name) => {
  expect(() => tableName(name)).toThrow(expect.objectContaining({ code: "usage" }));
});

test("what tables of ours publish is read from nft's listing", () => {
  const listing = `table inet other {
	chain pre {
		tcp dport 22 dnat ip to 10.0.0.1
	}
}
table inet berth-a1 { # progname nft
	flags owner

	chain from_outside {
		type nat hook prerouting priority -110; policy accept;
		iifname { "lo", "docker_gwbridge" } return
		meta nfproto 2 fib daddr type 2 tcp dport 80 dnat ip to 172.18.0.3:8080
		fib daddr type 2 ip daddr 192.0.2.1 tcp dport 1-3 dnat ip to 172.18.0.3
		meta nfproto 10 fib daddr type 2 udp dport 2000-2001 dnat ip6 to [fd00::3]:udp dport map { 2000 : 1000, 2001 : 1001 }
	}
}
table inet berth-b { # progname nft
	flags owner
}
`;
  const one = (address: string, protocol: string, hostPort: number, count: number) => ({
    address,
    protocol,
    hostPort,
    port: hostPort,
    count,
  });
  expect(parsePortTables(listing)).toEqual([
    {
      name: "a1",
      publish: [
        one("0.0.0.0", "tcp", 80, 1),
        one("192.0.2.1", "tcp", 1, 3),
        one("::", "udp", 2000, 2),
      ] as never,
    },
    { name: "b", publish: [] },
  ]);
});

test("where the engine's firewall lets marked packets pass, they are marked, and the table is read all the same", () => {
  const marks = { ipv4: { value: 1, mask: 3 } };
  const script = renderPortTable("a1", parse(["8080:80", "1000-1001"]), both, ["docker_gwbridge"], marks);
  expect(rulesOf(script)).toContain(
    "meta nfproto ipv4 fib daddr type local tcp dport 8080 meta mark set meta mark and 0xfffffffc or 0x1 dnat ip to 172.18.0.3:80",
  );
  expect(script.match(/ip6 to .*?;/g)?.join()).not.toContain("mark");
  const listed = `table inet berth-a1 { # progname nft
	chain from_outside {
		meta nfproto 2 fib daddr type 2 tcp dport 1000-1001 meta mark set meta mark & 0xfffffffc | 0x00000001 dnat ip to 172.18.0.3
	}
}
`;
  expect(parsePortTables(listed)).toEqual([
    { name: "a1", publish: [{ address: "0.0.0.0", hostPort: 1000, port: 1000, count: 2, protocol: "tcp" }] },
  ]);
});
