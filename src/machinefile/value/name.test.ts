import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseDomain, parseHostname, parseImageName, parseName } from "./name.ts";

test.each(["a", "web", "web-1", "0", "x".repeat(63), "constructor"])("%p is a machine's name", (name) => {
  expect(parseName(name)).toBe(name);
});

test.each<[string, string | undefined]>([
  ["", undefined],
  ["-web", "web"],
  ["web-", "web"],
  ["Web_2", "web-2"],
  ["web.example", "web-example"],
  ["é", undefined],
  ["web\n", "web"],
  ["x".repeat(64), undefined],
  ["localhost", undefined],
  ["__proto__", "proto"],
])("%p is no machine's name; %p may be meant", (name, meant) => {
  expect(faultOf(() => parseName(name)).suggestion).toBe(meant);
});

test.each(["web", "Web.Example.org", "a.b"])("%p is a host name", (name) =>
  expect(parseHostname(name)).toBe(name),
);
test.each(["", "a..b", "a_b", ".a", "x".repeat(65)])(
  "%p is no host name",
  (name) => void faultOf(() => parseHostname(name)),
);
test.each(["internal", "lab.test"])("%p is a domain", (name) => expect(parseDomain(name)).toBe(name));
test.each(["", "Lab.test", "lab.", "lab test", `${"a".repeat(63)}.`.repeat(3)])(
  "%p is no domain",
  (name) => void faultOf(() => parseDomain(name)),
);
test.each(["debian-12", "a.b_c", "a__b"])("%p is an image's name", (name) =>
  expect(parseImageName(name)).toBe(name),
);
test.each(["", "Debian", "a/b", "a:1", "-a", "a".repeat(64)])(
  "%p is no image's name",
  (name) => void faultOf(() => parseImageName(name)),
);
