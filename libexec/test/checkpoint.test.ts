import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { bundleOf, call, stateOf } = launcher;

const globals = () => ["--root", "/r/copies", "--log", join(launcher.directory, "copies.log")];

test.each([
  ["checkpoint", ["--image-path", "/i", "--work-path", "/w"]],
  ["restore", ["--image-path", "/i", "-d", "--pid-file", "/p"]],
])("%s of a machine is refused in words that the engine shows", (verb, options) => {
  stateOf("/r/copies", "box");
  const bundle = verb === "restore" ? ["--bundle", bundleOf(["/sbin/init"])] : [];
  const words = [...globals(), verb, ...options, ...bundle, "box"];
  expect(call({ words })).toMatchObject({ status: 1, real: undefined });
  const log = join(launcher.directory, "copies.log");
  expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
    level: "error",
    msg: `berth does not support ${verb} of a machine (docker checkpoint, podman container ${verb})`,
  });
  rmSync(log);
});

describe("a container that was no machine here", () => {
  /** Its command may be an init, or something else in its config.json is named like one. */
  const mounts = { mounts: [{ destination: "/etc/systemd" }] };
  const bundles = [
    ["/sbin/init", () => bundleOf(["/sbin/init"])],
    ["busybox httpd", () => bundleOf(["busybox", "httpd"])],
    ["a mount at /etc/systemd", () => bundleOf(["nginx"], "mounted", mounts)],
  ] as const;
  test.each(bundles)("%s: berth says by its bundle whether it may be restored", (_, make) => {
    const bundle = make();
    const words = ["restore", "--image-path", "/i", "--bundle", bundle, "gone"];
    const asked = ["runtime", "restore", "--bundle", bundle, "--log", "", "--", "gone"];
    expect(call({ words })).toMatchObject({ status: 0, berth: asked, real: words });
  });
  test("a machine is not", () => {
    const words = ["restore", "--image-path", "/i", "--bundle", bundleOf(["/sbin/init"]), "gone"];
    expect(call({ words, env: { BERTH_STATUS: "1" } })).toMatchObject({ status: 1, real: undefined });
  });
});

test("other containers may be copied", () => {
  for (const words of [
    [...globals(), "checkpoint", "--image-path", "/i", "other"],
    [...globals(), "restore", "--image-path", "/i", "--bundle", bundleOf(["sleep", "1"]), "other"],
  ])
    expect(call({ words })).toMatchObject({ status: 0, berth: undefined, real: words, stderr: "" });
});
