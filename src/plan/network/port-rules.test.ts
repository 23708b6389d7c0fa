import { describe, expect, test } from "bun:test";
import { parsePublish } from "#machinefile/value/publish.ts";
import {
  acceptChain,
  checkPublishes,
  isFlowOf,
  parseAcceptRules,
  parsePortTables,
  planAcceptRules,
  publishWarnings,
  renderAcceptRules,
  renderPortTable,
  tableName,
} from "./port-rules.ts";

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

const accept = (protocol: number, target: string, ports: string, name = "a") =>
  `-m conntrack --ctstate DNAT --ctproto ${protocol} --ctreplsrc ${target} --ctreplsrcport ${ports} -m comment --comment berth-${name} -j ACCEPT`;

test("accept rules name the machine's own ports, each once", () => {
  const rules = planAcceptRules(
    "a",
    parse([80, "8080:80", "2000-2010:1000-1010/udp", "127.0.0.1:90:90", "[::]:25:25"]),
    both,
  );
  expect(rules.map(({ family, args }) => [family, args.join(" ")])).toEqual([
    ["ipv4", accept(6, "172.18.0.3", "80")],
    ["ipv4", accept(17, "172.18.0.3", "1000:1010")],
    ["ipv6", accept(6, "fd00::3", "80")],
    ["ipv6", accept(17, "fd00::3", "1000:1010")],
    ["ipv6", accept(6, "fd00::3", "25")],
  ]);
});

test.each([
  ["Docker's chain", "-P FORWARD DROP\n-N DOCKER-USER\n", "DOCKER-USER"],
  ["a dropping FORWARD", "-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n", "FORWARD"],
  ["nothing in the way", "-P INPUT DROP\n-P FORWARD ACCEPT\n", undefined],
  ["no rules at all", "", undefined],
] as const)("the chain for accept rules: %s", (_, listing, chain) => {
  expect(acceptChain(listing)).toBe(chain);
});

describe("accept rules come behind the host's own", () => {
  const rules = planAcceptRules("a", parse([80, 25]), { ipv4: "172.18.0.3" });
  const [first, second] = [accept(6, "172.18.0.3", "80"), accept(6, "172.18.0.3", "25")];
  const drop = "-A DOCKER-USER -s 198.51.100.0/24 -j DROP";
  const leave = "-A DOCKER-USER -j RETURN";
  test.each([
    ["an empty chain", [], [`-A DOCKER-USER ${first}`, `-A DOCKER-USER ${second}`]],
    [
      "Docker's last rule",
      [leave],
      ["-D DOCKER-USER -j RETURN", `-A DOCKER-USER ${first}`, `-A DOCKER-USER ${second}`, leave],
    ],
    [
      "a rule and Docker's",
      [drop, leave],
      ["-D DOCKER-USER -j RETURN", `-A DOCKER-USER ${first}`, `-A DOCKER-USER ${second}`, leave],
    ],
    ["a rule alone", [drop], [`-A DOCKER-USER ${first}`, `-A DOCKER-USER ${second}`]],
    [
      "a rule that leaves under a condition",
      ["-A DOCKER-USER -s 10.0.0.1/32 -j RETURN"],
      [`-A DOCKER-USER ${first}`, `-A DOCKER-USER ${second}`],
    ],
    ["rules out of use", [drop, leave, drop], [`-I DOCKER-USER 2 ${first}`, `-I DOCKER-USER 2 ${second}`]],
    ["another chain's", ["-A FORWARD -j RETURN"], [`-A DOCKER-USER ${first}`, `-A DOCKER-USER ${second}`]],
  ] as const)("%s", (_, present, lines) => {
    const listing = ["-P FORWARD DROP", "-N DOCKER-USER", ...present, ""].join("\n");
    expect(renderAcceptRules(listing, "DOCKER-USER", rules)).toBe(
      ["*filter", ...lines, "COMMIT", ""].join("\n"),
    );
  });
});

test("our rules are found among others'", () => {
  const listing = [
    "-P FORWARD DROP",
    "-N DOCKER-USER",
    `-A FORWARD ${accept(6, "172.18.0.3", "80")}`,
    `-A DOCKER-USER ${accept(17, "172.18.0.4", "53", "b2").replace("berth-b2", '"berth-b2"')}`,
    '-A DOCKER-USER -s 10.0.0.0/8 -m comment --comment "berth-like words" -j ACCEPT',
    "-A DOCKER-USER -p tcp -m comment --comment berth-c -j DROP",
    `-A INPUT ${accept(6, "172.18.0.3", "80", "d")}`,
    "-A DOCKER-USER -j RETURN",
  ].join("\n");
  expect(parseAcceptRules(listing)).toEqual([
    { name: "a", chain: "FORWARD", args: accept(6, "172.18.0.3", "80").split(" ") },
    { name: "b2", chain: "DOCKER-USER", args: accept(17, "172.18.0.4", "53", "b2").split(" ") },
  ]);
});

describe("ports that cannot be published", () => {
  test.each([
    [
      "an unnamed port",
      [":80"],
      both,
      ["tcp port 80: the host's port must be named, the engine cannot choose it here"],
    ],
    ["SCTP", ["80/sctp"], both, ["sctp 80: SCTP cannot be published here, only TCP and UDP"]],
    ["a port twice", [80, "70-90:80-100"], both, ["tcp 70-90 is published twice"]],
    [
      "UDP that neither forwarding nor the relay serves",
      ["127.0.0.1:53:53/udp", "[2001:db8::1]:53:53/udp"],
      ipv4,
      [
        "udp 127.0.0.1:53: UDP cannot be published on a loopback address",
        "udp [2001:db8::1]:53: the machine has no IPv6 address",
      ],
    ],
  ] as const)("%s", (_, publish, targets, problems) => {
    expect(() => checkPublishes(parse(publish), targets)).toThrow(
      expect.objectContaining({ code: "usage", details: { problems: [...problems] } }),
    );
  });

  test("all else can", () => {
    const fine = ["80", "80/udp", "127.0.0.1:81:80", "[2001:db8::1]:82:80", "192.0.2.1:53:53/udp"];
    expect(checkPublishes(parse(fine), ipv4)).toBeUndefined();
  });
});

test.each([
  ["both families", both, true, []],
  ["a host without IPv6", ipv4, false, []],
  [
    "no IPv6 inside",
    ipv4,
    true,
    [
      "tcp 80, tcp 1000-1010: IPv6 clients are relayed, their addresses are not seen inside: the machine has no IPv6 address",
      "udp 53: not reachable over IPv6: the machine has no IPv6 address",
    ],
  ],
] as const)("warnings with %s", (_, targets, isOnIpv6, warnings) => {
  expect(publishWarnings(parse([80, "1000-1010", "53/udp", "127.0.0.1:81:81"]), targets, isOnIpv6)).toEqual([
    ...warnings,
  ]);
});

test.each([
  ["a published port", { protocol: 17, destination: "192.0.2.1", destinationPort: 53 }, true],
  ["the last of a range", { protocol: 17, destination: "192.0.2.1", destinationPort: 1010 }, true],
  ["one behind it", { protocol: 17, destination: "192.0.2.1", destinationPort: 1011 }, false],
  ["another protocol", { protocol: 6, destination: "192.0.2.1", destinationPort: 53 }, false],
  ["an address of its own", { protocol: 6, destination: "192.0.2.2", destinationPort: 80 }, true],
  ["another address", { protocol: 6, destination: "192.0.2.1", destinationPort: 80 }, false],
  ["a family without target", { protocol: 17, destination: "2001:db8::1", destinationPort: 53 }, false],
] as const)("flows: %s", (_, flow, expected) => {
  const publish = parse(["53/udp", "1000-1010/udp", "192.0.2.2:80:80"]);
  expect(isFlowOf({ ...flow, repliesFrom: "172.18.0.9" }, publish, ipv4)).toBe(expected);
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
