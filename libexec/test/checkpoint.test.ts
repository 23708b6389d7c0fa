import { expect, test } from "bun:test";
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

test("a machine that is gone is not restored as a container", () => {
  const words = ["restore", "--image-path", "/i", "--bundle", bundleOf(["/sbin/init"]), "gone"];
  expect(call({ words })).toMatchObject({ status: 1, real: undefined });
});

test("other containers may be copied", () => {
  for (const words of [
    [...globals(), "checkpoint", "--image-path", "/i", "other"],
    [...globals(), "restore", "--image-path", "/i", "--bundle", bundleOf(["sleep", "1"]), "other"],
  ])
    expect(call({ words })).toMatchObject({ status: 0, real: words, stderr: "" });
});
