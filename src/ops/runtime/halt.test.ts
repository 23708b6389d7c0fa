import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasErrno } from "#host/syscall/errno.ts";
import { isRoot } from "#lab/mount-namespace.ts";
import { waitFor } from "#lab/wait-for.ts";
import { haltMachines } from "./halt.ts";

let states = "";
beforeEach(() => {
  states = mkdtempSync(join(tmpdir(), "berth-halt-"));
});
afterEach(() => rmSync(states, { recursive: true }));

function writeSignal(id: string, signal: string): void {
  mkdirSync(join(states, "moby", id), { recursive: true });
  writeFileSync(join(states, "moby", id, "stop-signal"), `${signal}\n0\n`);
}

test("a host without machines, or without running ones, halts at once", async () => {
  expect(await haltMachines(60_000, join(states, "none"))).toEqual({ halted: 0, left: [] });
  writeSignal("stopped", "37");
  expect(await haltMachines(60_000, states)).toEqual({ halted: 0, left: [] });
});

/** Where this host has a hierarchy of cgroups: of v2, or one of v1's. */
const hierarchy =
  ["/sys/fs/cgroup", "/sys/fs/cgroup/pids"].find((path) => existsSync(join(path, "cgroup.procs"))) ?? "";
const canContain = isRoot && hierarchy !== "";

test.skipIf(!canContain)(
  "each gets its own signal, and nobody else one (needs root and cgroups)",
  async () => {
    const name = `berth-halt-${process.pid}`;
    // Of another container, whose id contains the first's.
    const other = `${name}-2`;
    const init = `trap 'echo 10; exit' USR1; trap 'echo 12; exit' USR2; echo up; while :; do sleep 0.1; done`;
    const started = [name, other].map((id) => {
      const cgroup = join(hierarchy, id);
      mkdirSync(cgroup);
      const run = `exec unshare --pid --fork --kill-child sh -c "${init}"`;
      const enter = `echo $$ >${join(cgroup, "cgroup.procs")} && ${run}`;
      return { cgroup, shell: Bun.spawn(["sh", "-c", enter], { stdout: "pipe" }) };
    });
    const [first, second] = started.map(({ shell }) => linesOf(shell.stdout));
    try {
      expect([await first?.(), await second?.()]).toEqual(["up", "up"]);
      writeSignal(name, "10");
      expect(await haltMachines(30_000, states)).toEqual({ halted: 1, left: [] });
      expect(await first?.()).toBe("10");
      writeSignal(other, "18"); // SIGCONT, which ends nothing
      expect(await haltMachines(100, states)).toEqual({ halted: 0, left: [other] });
      writeSignal(other, "12");
      expect(await haltMachines(30_000, states)).toEqual({ halted: 1, left: [] });
      expect(await second?.()).toBe("12");
    } finally {
      for (const { shell } of started) shell.kill("SIGKILL");
      for (const { cgroup } of started)
        await waitFor("its cgroup is empty", async () => {
          try {
            rmdirSync(cgroup);
            return true;
          } catch (error) {
            if (!hasErrno(error, ["EBUSY"])) throw error;
            return false;
          }
        });
    }
  },
);

/** Reads a program's output by lines: the next one with each call. */
function linesOf(output: ReadableStream<Uint8Array>): () => Promise<string | undefined> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  const lines: string[] = [];
  return async () => {
    while (lines.length === 0) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      lines.push(
        ...decoder
          .decode(value, { stream: true })
          .split("\n")
          .filter((line) => line !== ""),
      );
    }
    return lines.shift();
  };
}
