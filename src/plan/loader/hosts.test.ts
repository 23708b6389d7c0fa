import { expect, test } from "bun:test";
import { addressOf } from "./hosts.ts";

const hosts = "127.0.0.1\tlocalhost\n10.0.1.5\tbox box.example.com # box2\n10.0.1.6 box\n";

test.each([
  ["box", "10.0.1.5"],
  ["box.example.com", "10.0.1.5"],
  ["box2", undefined],
  ["10.0.1.5", undefined],
])("%s has the address %p", (name, address) => expect(addressOf(name, hosts)).toBe(address as string));
