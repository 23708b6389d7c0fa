import { describe, expect, test } from "bun:test";
import { parsePublish } from "#machinefile/value/publish.ts";
import { acceptChain, parseAcceptRules, planAcceptRules, renderAcceptRules } from "./accept-rules.ts";

const ipv4 = { ipv4: "172.18.0.3" };
const ipv6 = { ipv6: "fd00::3" };
const both = { ...ipv4, ...ipv6 };
const parse = (publish: readonly (string | number)[]) => publish.map(parsePublish);

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
