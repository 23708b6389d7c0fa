import { describe, expect, test } from "bun:test";
import { parsePublish } from "#machinefile/value/publish.ts";
import { checkPublishes, publishWarnings } from "./publish-check.ts";

const ipv4 = { ipv4: "172.18.0.3" };
const ipv6 = { ipv6: "fd00::3" };
const both = { ...ipv4, ...ipv6 };
const parse = (publish: readonly (string | number)[]) => publish.map(parsePublish);

describe("ports that cannot be published", () => {
  test.each([
    [
      "an unnamed port",
      [":80"],
      both,
      ["tcp port 80: host port 0 (example: 8080:80; clients must know the port)"],
    ],
    ["SCTP", ["80/sctp"], both, ["sctp 80: unsupported protocol (tcp or udp)"]],
    ["a port twice", [80, "70-90:80-100"], both, ["duplicate port tcp 70-90"]],
    [
      "UDP that neither forwarding nor the relay serves",
      ["127.0.0.1:53:53/udp", "[2001:db8::1]:53:53/udp"],
      ipv4,
      [
        "udp 127.0.0.1:53: UDP needs an address other than loopback",
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
      "tcp 80, tcp 1000-1010: the machine does not see the addresses of IPv6 clients, which are relayed: the machine has no IPv6 address",
      "udp 53: not reachable over IPv6: the machine has no IPv6 address",
    ],
  ],
] as const)("warnings with %s", (_, targets, isOnIpv6, warnings) => {
  expect(publishWarnings(parse([80, "1000-1010", "53/udp", "127.0.0.1:81:81"]), targets, isOnIpv6)).toEqual([
    ...warnings,
  ]);
});
