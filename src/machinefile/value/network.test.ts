import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { addressFault, gatewayOf, parseAddress, parseSubnet } from "./network.ts";

test.each(["10.72.0.0/24", "10.0.0.0/8", "192.0.2.8/29"])("%p is a subnet", (text) => {
  expect(parseSubnet(text)).toBe(text);
});

test.each<[string, string | undefined]>([
  ["10.72.0.5/24", "10.72.0.0/24"],
  ["10.72.0.0", undefined],
  ["10.72.0.0/30", undefined],
  ["10.0.0.0/7", undefined],
  ["10.0.0/24", undefined],
  ["fd00::/64", undefined],
  ["", undefined],
])("%p is no subnet; %p may be meant", (text, meant) => {
  expect(faultOf(() => parseSubnet(text)).suggestion).toBe(meant);
});

test.each(["", "10.1", "010.0.0.1", "256.0.0.1", "::1", "10.0.0.1/8"])("%p is no address", (text) => {
  faultOf(() => parseAddress(text));
});

test("the gateway is the one named, else the subnet's first address", () => {
  expect(gatewayOf("192.0.2.8/29", undefined)).toBe("192.0.2.9");
  expect(gatewayOf("192.0.2.8/29", "192.0.2.14")).toBe("192.0.2.14");
});

test.each<[string, boolean]>([
  ["192.0.2.9", true],
  ["192.0.2.14", true],
  ["192.0.2.8", false],
  ["192.0.2.15", false],
  ["192.0.2.16", false],
])("%p fits 192.0.2.8/29: %p", (address, fits) => {
  expect(addressFault(address, "192.0.2.8/29") === undefined).toBe(fits);
});
