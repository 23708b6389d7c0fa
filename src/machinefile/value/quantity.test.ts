import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseBytesRate, parseOperationsRate } from "./device-rate.ts";
import { parseDuration } from "./duration.ts";
import { parseBlkioWeight, parseCpus, parseCpuset, parsePids } from "./limit.ts";
import { parseMemory, parseMemorySwap, parseShmSize, parseSize } from "./size.ts";

test.each<[string | number, number]>([
  [0, 0],
  [4096, 4096],
  ["512", 512],
  ["512b", 512],
  ["1k", 1024],
  ["512M", 536870912],
  ["512mb", 536870912],
  ["64KiB", 65536],
  ["1.5g", 1610612736],
  ["2 T", 2199023255552],
  [" 1m ", 1048576],
  ["0.3k", 307],
])("%p is %p bytes", (input, bytes) => {
  expect(parseSize(input)).toBe(bytes);
});

test.each(["", "M", "-1", "1x", "1mm", "1e3", "0x10", "1,5g", "99999999p", "Infinity", 1.5e300, -5])(
  "%p is no size",
  (input) => {
    faultOf(() => parseSize(input));
  },
);

test("a memory limit below what an engine accepts is refused, and megabytes guessed where no unit is given", () => {
  expect(parseMemory("6M")).toBe(6291456);
  expect(faultOf(() => parseMemory(512)).suggestion).toBe("512M");
  expect(faultOf(() => parseMemory("512k")).suggestion).toBeUndefined();
});

test("swap may be unlimited", () => {
  expect([parseMemorySwap("-1"), parseMemorySwap(-1), parseMemorySwap("1g")]).toEqual([-1, -1, 1073741824]);
  faultOf(() => parseMemorySwap("-2"));
});

test.each<[string | number, number]>([
  [0, 0],
  [90, 90],
  ["90", 90],
  ["90s", 90],
  ["1m30s", 90],
  ["2h", 7200],
  ["1h1s", 3601],
])("%p is %p seconds", (input, seconds) => {
  expect(parseDuration(input)).toBe(seconds);
});

test.each(["", "s", "-1", "1.5", "1d", "30s1m", "10ms", "99999999999"])("%p is no time", (input) => {
  faultOf(() => parseDuration(input));
});

test.each<[string | number, number]>([
  [1.5, 1.5],
  ["0.01", 0.01],
  [".5", 0.5],
  ["8", 8],
])("%p is %p processors", (input, cpus) => {
  expect(parseCpus(input)).toBe(cpus);
});

test.each(["", "0", "0.001", "-1", "two", "1e2", "70000", Number.NaN])(
  "%p is no number of processors",
  (input) => {
    faultOf(() => parseCpus(input));
  },
);

test("/dev/shm takes a page or more", () => {
  expect([parseShmSize("4k"), parseShmSize("1G"), parseShmSize(4096)]).toEqual([4096, 2 ** 30, 4096]);
  for (const input of [0, "1", "-1", "much"]) faultOf(() => parseShmSize(input));
});

test("a number of processes is whole, positive and within the kernel's own", () => {
  expect([parsePids(1), parsePids("4194304")]).toEqual([1, 4194304]);
  for (const input of [0, -1, 1.5, "4194305", "many"]) faultOf(() => parsePids(input));
});

test.each(["0", "0-3", "0-3,6", " 1,1 ", 2])("%p is a list of processors", (input) => {
  expect(parseCpuset(input)).toBe(String(input).trim());
});

test.each(["", ",", "3-1", "0-", "a", "0:1", "1,,2", "-1", 1.5])("%p is no list of processors", (input) => {
  faultOf(() => parseCpuset(input));
});

test("a weight of block I/O is whole and within what engines take", () => {
  expect([parseBlkioWeight(10), parseBlkioWeight("1000")]).toEqual([10, 1000]);
  for (const input of [0, 9, 1001, 10.5, "much"]) faultOf(() => parseBlkioWeight(input));
});

test.each([
  ["/dev/sda:10mb", { device: "/dev/sda", rate: 10485760 }],
  ["/dev/disk/by-path/pci-0000:00:1f.2:512", { device: "/dev/disk/by-path/pci-0000:00:1f.2", rate: 512 }],
])("%p is a rate of bytes", (text, rate) => {
  expect(parseBytesRate(text)).toEqual(rate);
});

test("a rate of operations has no unit", () => {
  expect(parseOperationsRate("/dev/sda:1000")).toEqual({ device: "/dev/sda", rate: 1000 });
});

test.each([
  "",
  "/dev/sda",
  "/dev/sda:",
  "sda:1mb",
  ":1mb",
  "/dev/:1",
  "/dev/sda:0",
  "/dev/sda:-1",
  "/dev/sda:fast",
])("%p is no rate of a device", (text) => {
  faultOf(() => parseBytesRate(text));
  faultOf(() => parseOperationsRate(text));
});

test("a size is no number of operations", () => {
  faultOf(() => parseOperationsRate("/dev/sda:10mb"));
});
