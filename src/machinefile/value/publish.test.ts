import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { type Publish, parsePublish, publishesCollide, renderPublish } from "./publish.ts";

const port = (hostPort: number, machinePort: number, rest: Partial<Publish> = {}): Publish => ({
  hostPort,
  port: machinePort,
  count: 1,
  protocol: "tcp",
  ...rest,
});

test.each<[string | number, Publish]>([
  [80, port(80, 80)],
  ["80", port(80, 80)],
  ["8080:80", port(8080, 80)],
  ["53:53/udp", port(53, 53, { protocol: "udp" })],
  ["53/UDP", port(53, 53, { protocol: "udp" })],
  ["9:9/sctp", port(9, 9, { protocol: "sctp" })],
  ["1000-1010", port(1000, 1000, { count: 11 })],
  ["1000-1010:2000-2010", port(1000, 2000, { count: 11 })],
  ["127.0.0.1:8080:80", port(8080, 80, { address: "127.0.0.1" })],
  ["[::1]:80:80", port(80, 80, { address: "::1" })],
  ["[0:0:0:0:0:0:0:1]:80:80/udp", port(80, 80, { address: "::1", protocol: "udp" })],
  ["0:80", port(0, 80)],
  ["127.0.0.1::80", port(0, 80, { address: "127.0.0.1" })],
])("%p is published", (input, publish) => {
  expect(parsePublish(input)).toEqual(publish);
  expect(parsePublish(renderPublish(publish))).toEqual(publish);
});

test.each<[string | number, string | undefined]>([
  ["", undefined],
  [0, undefined],
  [65536, undefined],
  ["80:", undefined],
  ["-1", undefined],
  ["http", undefined],
  ["80/tpc", "tcp"],
  ["80/", undefined],
  ["10-5", "5-10"],
  ["1-3:1-2", undefined],
  ["0:80-90", undefined],
  ["127.0.0.1:80", "127.0.0.1:80:80"],
  ["300.0.0.1:80:80", undefined],
  ["10.1:80:80", undefined],
  ["::1:80:80", undefined],
  ["[::1]:80", undefined],
  ["[127.0.0.1]:80:80", undefined],
  ["1:2:3:4", undefined],
])("%p is not published; %p may be meant", (input, meant) => {
  expect(faultOf(() => parsePublish(input)).suggestion).toBe(meant);
});

test.each<[string, string, boolean]>([
  ["80", "80", true],
  ["80", "80/udp", false],
  ["80", "81", false],
  ["8080:80", "8081:80", false],
  ["70-90", "127.0.0.1:80:80", true],
  ["127.0.0.1:80:80", "127.0.0.2:80:80", false],
  ["127.0.0.1:80:80", "0.0.0.0:80:80", true],
  ["127.0.0.1:80:80", "[::1]:80:80", false],
  ["[::]:80:80", "[::1]:80:80", true],
  ["80-81", "82", false],
  ["80-81", "81", true],
  ["0:80", "0:80", false],
])("%p and %p collide: %p", (a, b, collide) => {
  expect(publishesCollide(parsePublish(a), parsePublish(b))).toBe(collide);
  expect(publishesCollide(parsePublish(b), parsePublish(a))).toBe(collide);
});
