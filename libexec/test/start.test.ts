import { afterEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "#lab/wait-for.ts";
import { asRoot, startOf, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { call, stateOf } = launcher;

describe.skipIf(!asRoot)("start (needs root)", () => {
  const words = ["--root", "/r/start", "start", "box"];
  const machine = (...files: readonly string[]) => {
    const guest = spawn("unshare", ["--mount", "--propagation", "private", "sleep", "600"], {
      stdio: "ignore",
    });
    const state = stateOf("/r/start", "box");
    for (const name of files)
      writeFileSync(join(state, name), name === "pid" ? `${guest.pid}\n${startOf(guest)}\n` : "");
    return guest;
  };
  const shared = (guest: ChildProcess) =>
    readFileSync(`/proc/${guest.pid}/mountinfo`, "utf8").match(/ \/ \/ .* shared:\d+ .*- /) !== null;
  afterEach(() => rmSync(join(launcher.run, "berth/runtime/r/start/box"), { recursive: true }));

  test.each([
    ["shares a machine's mounts before it starts, by a program of the host's", ["pid", "shared"], true],
    ["leaves those of a machine that may not share them", ["pid"], false],
  ])("%s", async (_, files, expected) => {
    const guest = machine(...files);
    await waitFor(
      "the guest has a mount namespace",
      async () => readlinkSync(`/proc/${guest.pid}/ns/mnt`) !== readlinkSync("/proc/self/ns/mnt"),
    );
    expect(call({ words })).toMatchObject({ status: 0, stderr: "", real: words });
    expect(shared(guest)).toBe(expected);
    guest.kill("SIGKILL");
  });

  test("fails where they cannot be shared, and says so to the engine", () => {
    const guest = machine("pid", "shared");
    writeFileSync(join(launcher.directory, "mount"), "#!/bin/sh\nexit 32\n", { mode: 0o755 });
    const log = join(launcher.record, "log");
    const env = { PATH: `${launcher.directory}:${process.env.PATH}` };
    expect(call({ words: ["--log", log, ...words], env })).toMatchObject({ status: 1, real: undefined });
    expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
      level: "error",
      msg: "cannot share the machine's mounts: mount exited with 32 (limit: 10 s)",
    });
    rmSync(join(launcher.directory, "mount"));
    guest.kill("SIGKILL");
  });
});
