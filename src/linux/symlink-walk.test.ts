import { expect, test } from "bun:test";
import { type Found, walkSymlinks } from "./symlink-walk.ts";

const tree: Readonly<Record<string, Found>> = {
  "/etc": "directory",
  "/etc/hosts": "other",
  "/etc/abs": { target: "/usr/lib/../lib/os" },
  "/usr": "directory",
  "/usr/lib": "directory",
  "/usr/lib/os": "other",
  "/lib": { target: "usr/lib" },
  "/up": { target: "../../../etc" },
  "/loop": { target: "loop" },
  "/long": { target: `${"./".repeat(2048)}etc` },
  "/dangling": { target: "/srv/none/x" },
};
const walk = (path: string) => walkSymlinks(path, (place) => tree[place]);

test.each([
  ["/", "/"],
  ["", "/"],
  ["/etc/./hosts", "/etc/hosts"],
  ["etc//hosts", "/etc/hosts"],
  ["/lib/os", "/usr/lib/os"],
  ["/etc/abs", "/usr/lib/os"],
  ["/../../up/hosts", "/etc/hosts"],
  ["/etc/hosts/", "/etc/hosts"],
])("%s leads to %s", (path, found) => {
  expect(walk(path)).toEqual({ found, missing: [] });
});

test.each([
  ["/lib/none/x", "/usr/lib", ["none", "x"]],
  ["/dangling/y", "/", ["srv", "none", "x", "y"]],
  ["/etc/hosts/x", "/etc", ["hosts", "x"]],
  ["/etc/hosts/..", "/etc", ["hosts", ".."]],
])("%s ends at %s", (path, found, missing) => {
  expect(walk(path)).toEqual({ found, missing });
});

test.each(["/loop", "/long"])("%s leads nowhere", (path) => {
  expect(walk(path)).toBeUndefined();
});
