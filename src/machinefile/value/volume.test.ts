import { expect, test } from "bun:test";
import { parentOf } from "#linux/path.ts";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { normalizePath, resolvePath } from "./path.ts";
import { parseVolume, renderVolume, type VolumeSpec } from "./volume.ts";

test.each<[string, VolumeSpec]>([
  ["/srv", { kind: "anonymous", target: "/srv", readOnly: false }],
  ["data:/srv", { kind: "volume", source: "data", target: "/srv", readOnly: false }],
  ["data:/srv:ro", { kind: "volume", source: "data", target: "/srv", readOnly: true }],
  ["/etc:/host/etc:rw", { kind: "bind", source: "/etc", target: "/host/etc", readOnly: false }],
  ["./conf:/etc/app", { kind: "bind", source: "./conf", target: "/etc/app", readOnly: false }],
  ["../a:/a", { kind: "bind", source: "../a", target: "/a", readOnly: false }],
  [".:/a", { kind: "bind", source: ".", target: "/a", readOnly: false }],
  ["~/x:/x", { kind: "bind", source: "~/x", target: "/x", readOnly: false }],
  ["~:/x", { kind: "bind", source: "~", target: "/x", readOnly: false }],
  ["data://srv/./www/", { kind: "volume", source: "data", target: "/srv/www", readOnly: false }],
])("%p is a volume", (text, volume) => {
  expect(parseVolume(text)).toEqual(volume);
  expect(parseVolume(renderVolume(volume))).toEqual(volume);
});

test.each<[string, string | undefined]>([
  ["", undefined],
  ["data", undefined],
  ["data:srv", undefined],
  ["data:/", undefined],
  ["data://.", undefined],
  ["data:/a/../..", undefined],
  ["data:/srv:z", undefined],
  ["/srv:ro", undefined],
  ["conf/app:/etc/app", "./conf/app:/etc/app"],
  ["~bob/x:/x", undefined],
  ["d:/srv", undefined],
  [":/srv", undefined],
  ["a:b:c:d", undefined],
  ["/a\0b:/c", undefined],
])("%p is no volume; %p may be meant", (text, meant) => {
  expect(faultOf(() => parseVolume(text)).suggestion).toBe(meant);
});

test.each<[string, string]>([
  ["/", "/"],
  ["//a//b/", "/a/b"],
  ["/a/./b/../c", "/a/c"],
  ["/../..", "/"],
])("%p in its shortest form is %p", (path, shortest) => {
  expect(normalizePath(path)).toBe(shortest);
});

test.each<[string, string]>([
  ["/abs", "/abs"],
  ["rel", "/site/rel"],
  ["./rel", "/site/rel"],
  ["../up", "/up"],
  ["~", "/home/me"],
  ["~/x", "/home/me/x"],
])("%p leads to %p", (path, absolute) => {
  expect(resolvePath(path, { directory: "/site", home: "/home/me" })).toBe(absolute);
});

test.each<[string, string]>([
  ["/srv/x", "/srv"],
  ["/x", "/"],
])("%p is in %p", (path, parent) => {
  expect(parentOf(path)).toBe(parent);
});
