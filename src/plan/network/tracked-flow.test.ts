import { expect, test } from "bun:test";
import { parsePublish } from "#machinefile/value/publish.ts";
import { isFlowOf } from "./tracked-flow.ts";

const ipv4 = { ipv4: "172.18.0.3" };
const parse = (publish: readonly (string | number)[]) => publish.map(parsePublish);

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
