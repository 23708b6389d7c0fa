import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { findProcess } from "../host/process-stat.ts";
import { findLocalInit, rankInit, readSystemdProgress } from "./local-init.ts";

const sleeper = spawn("sleep", ["30"]);
afterAll(() => sleeper.kill("SIGKILL"));

test("no process bears an id that no container has", () => {
  expect(findLocalInit(sleeper.pid ?? 0, "0123456789abcdef".repeat(4))).toBeUndefined();
});

const [own, other] = ["a".repeat(64), "b".repeat(64)] as const;
test.each([
  ["its own", `0::/docker/${own}/init.scope\n`, 0],
  ["by the systemd driver", `0::/system.slice/docker-${own}.scope/init.scope\n`, 0],
  ["what another machine has named after it", `1:name=systemd:/docker/${other}/${own}\n0::/docker/${other}\n`, 1],
  ["of an engine within a container", `0::/docker/${other}/docker/${own}\n`, 1],
  ["in one hierarchy of many", `4:pids:/\n1:name=systemd:/docker/${own}\n`, 0],
  ["none", `0::/docker/${other}\n`, undefined],
  ["a longer name with it", `0::/docker/${own}b\n`, undefined],
])("the cgroup of a container's init: %s", (_, cgroup, above) => {
  expect(rankInit(cgroup, () => "NSpid:\t77\t1\n", own)).toEqual(above === undefined ? undefined : { above, depth: 2 });
});

test("a process that is not 1 in its namespace is nobody's init, whatever its cgroup", () => {
  const cgroup = `0::/docker/${own}\n`;
  expect(rankInit(cgroup, () => "NSpid:\t77\t1\t9\n", own)).toBeUndefined();
  expect(rankInit(cgroup, () => "", own)).toBeUndefined();
  expect(rankInit(cgroup, () => "NSpid:\t77\t9\t1\n", own)).toEqual({ above: 0, depth: 3 });
});

test("progress: outside of init.scope it is early, and of a process that ended nothing is known, though another has its number", async () => {
  const init = findProcess(sleeper.pid ?? 0);
  if (init === undefined) throw new Error("it has not begun");
  expect(readSystemdProgress(init)).toBe("early");
  expect(readSystemdProgress({ ...init, startTime: "1" })).toBeUndefined();
  sleeper.kill("SIGKILL");
  await once(sleeper, "exit");
  expect(readSystemdProgress(init)).toBeUndefined();
});
