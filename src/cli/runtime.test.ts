import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "./runtime.ts";

let bundle = "";
beforeEach(() => {
  bundle = mkdtempSync(join(tmpdir(), "berth-runtime-"));
  mkdirSync(join(bundle, "rootfs"));
});
afterEach(() => rmSync(bundle, { recursive: true }));

const state = () => join(bundle, "state");
const log = () => join(bundle, "log.json");
const create = () => [
  ...["create", "--bundle", bundle, "--state", state(), "--home", bundle, "--real", "runc", "--root", bundle],
];
const call = (...words: string[]) => main([...create(), "--log", log(), ...words]);
const write = (config: string) => writeFileSync(join(bundle, "config.json"), config);
const configOf = (program: string) =>
  JSON.stringify({ process: { args: [program] }, root: { path: "rootfs" } });

test.each([
  [],
  ["create"],
  ["create", "--bundle", "/b", "--", "id"],
  ["start", "--bundle", "/b", "--state", "/s", "--root", "/r", "--", "id"],
])("usage: %p", async (...words) => {
  expect(await main(words)).toBe(2);
});

test("a container that is no machine is left alone", async () => {
  write(configOf("/bin/sh"));
  expect(await call("--", "--odd-id")).toBe(0);
  expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(configOf("/bin/sh"));
  expect(existsSync(log())).toBe(false);
});

test.each([
  [
    "a missing init",
    configOf("/sbin/init"),
    "this image has no init: /sbin/init does not exist in it; install",
  ],
  ["a config.json that is none", "{", "JSON"],
])("%s is said in the runtime's log, one JSON line", async (_, config, text) => {
  write(config);
  mkdirSync(state());
  writeFileSync(join(state(), "stop-signal"), "37\n");
  expect(await call("--", "box")).toBe(1);
  const line = JSON.parse(readFileSync(log(), "utf8"));
  expect(line.level).toBe("error");
  expect(line.msg).toStartWith("berth: ");
  expect(line.msg).toContain(text);
  expect(new Date(line.time).getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(existsSync(state())).toBe(false);
});

test("a launcher from before an upgrade is understood", async () => {
  write(configOf("/bin/sh"));
  const earlier = ["--bundle", bundle, "--state", state(), "--root", bundle, "--outer", "3", "--log", log()];
  expect(await main(["create", ...earlier, "--", "box"])).toBe(0);
});

test("without a log it still fails", async () => {
  write(configOf("/sbin/init"));
  expect(await main([...create(), "--", "box"])).toBe(1);
});

test("restore: a container whose config.json names an init only elsewhere may be, a machine not", async () => {
  const restore = () => main(["restore", "--bundle", bundle, "--log", log(), "--", "box"]);
  mkdirSync(join(bundle, "rootfs", "bin"));
  for (const program of ["busybox", "nginx"]) writeFileSync(join(bundle, "rootfs/bin", program), "\x7fELF");
  const root = { path: "rootfs" };
  for (const config of [
    { process: { args: ["/bin/busybox", "httpd"] }, root },
    { process: { args: ["/bin/nginx"] }, root, mounts: [{ destination: "/etc/systemd", source: bundle }] },
  ]) {
    write(JSON.stringify(config));
    expect([await restore(), existsSync(log())]).toEqual([0, false]);
  }
  write(JSON.stringify({ process: { args: ["/bin/busybox", "init"] }, root }));
  expect(await restore()).toBe(2);
  expect(JSON.parse(readFileSync(log(), "utf8")).msg).toStartWith("berth: cannot restore a machine");
});
