import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeMachineCgroups } from "./end.ts";
import { clearState, sweepStates, writeState } from "./state.ts";

let directory = "";
let state = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-state-"));
  state = join(directory, "states/box");
});
afterEach(() => rmSync(directory, { recursive: true }));

const needs = {
  stopSignal: 37,
  environment: { container_uuid: "x" },
  lacking: ["CAP_BPF"],
  ids: 65_536,
  capabilities: ["CAP_CHOWN"],
  labels: { apparmor: "berth-machine", selinux: "a:b:c:s0" },
  machineId: "0123456789abcdef0123456789abcdef",
};
const write = () =>
  writeState(state, needs, {
    manager: "docker",
    hostname: "box",
    cgroup: "/sys/fs/cgroup/docker/box",
    scope: "/sys/fs/cgroup/docker/box/init.scope",
  });
/** All that a machine in a user namespace in another's network has. */
const fill = () => {
  write();
  for (const name of ["bundle", "ids", "root", "pid", "network"]) writeFileSync(join(state, name), "x\n");
};
const own = [
  ...["apparmor", "capabilities", "hostname", "lacking", "limits", "machine-id", "scope", "selinux"],
  "stop-signal",
];
const inHost = ["host/container-manager", "host/container-uuid", "host/os-release"];
const all = [...own, ...inHost, "bundle", "ids", "network", "pid", "root"];

/** What is in the way of a file ends the work there, as a crash would. */
function cutShortAt(name: string, work: () => void): void {
  const place = join(state, name);
  rmSync(place, { force: true });
  mkdirSync(join(place, "in the way"), { recursive: true });
  expect(work).toThrow();
  rmSync(place, { recursive: true });
}

const mark = () => join(state, "stop-signal");
const sweep = () => sweepStates(join(directory, "states"), join(directory, "containers"), () => []);
const setBegun = (begun: string) =>
  writeFileSync(mark(), readFileSync(mark(), "utf8").replace(/\n.*/s, begun));

/** Sweeps after a minute has gone over whatever there is. */
function sweepLater(): void {
  if (existsSync(mark())) setBegun("\n-120000\n");
  sweep();
}

test("one whose cgroups are still there is swept once these have gone", () => {
  write();
  setBegun("\n-120000\n");
  const answers = [["the cgroup is still there"], []];
  const sweep = () =>
    sweepStates(
      join(directory, "states"),
      join(directory, "containers"),
      () => answers.shift() ?? ["not asked"],
    );
  sweep();
  expect(existsSync(mark())).toBe(true);
  sweep();
  expect([existsSync(state), answers]).toEqual([false, []]);
});

test("of what is named as a machine's cgroup nothing else is removed", () => {
  write();
  const left = join(directory, "left");
  mkdirSync(left);
  writeFileSync(join(state, "cgroups"), `${left}\n/nowhere\n`);
  expect([removeMachineCgroups(state), existsSync(left)]).toEqual([[], true]);
});

test("a state holds what is known of it, and goes whole", () => {
  fill();
  expect(readdirSync(state, { recursive: true }).toSorted()).toEqual([...all, "host"].toSorted());
  clearState(state);
  expect(readdirSync(join(directory, "states"))).toEqual([]);
});

test.each([...own, ...inHost])("one that was left half made is swept: the maker ended at %s", (name) => {
  cutShortAt(name, write);
  sweepLater();
  expect(readdirSync(join(directory, "states"))).toEqual([]);
});

test.each(all)("one that was left half removed is swept: the remover ended at %s", (name) => {
  fill();
  cutShortAt(name, () => clearState(state));
  sweepLater();
  expect(readdirSync(join(directory, "states"))).toEqual([]);
});

const minutes = 60_000;
test.each([
  ["forward", 2 * minutes],
  ["back", -2 * minutes],
])("the clock on the wall set %s makes a state neither older nor younger", (_, step) => {
  const setClock = () => {
    const then = new Date(Date.now() - step);
    for (const place of [mark(), state]) utimesSync(place, then, then);
  };
  write();
  setClock();
  sweep();
  expect(existsSync(state)).toBe(true);
  setBegun("\n-120000\n");
  setClock();
  sweep();
  expect(existsSync(state)).toBe(false);
});

test.each([
  ["of a berth that did not write when", "\n", -1],
  ["whose maker ended in the middle of the line", "\n-", -1],
  ["written before the clock was set back", "\n", 1],
])("one %s goes by the clock on the wall", (_, begun, way) => {
  write();
  setBegun(begun);
  sweep();
  expect(existsSync(state)).toBe(true);
  const then = new Date(Date.now() + way * 2 * minutes);
  utimesSync(mark(), then, then);
  sweep();
  expect(existsSync(state)).toBe(false);
});

test("one of before the host's boot is old, however long ago that was", () => {
  write();
  setBegun(`\n${Number.MAX_SAFE_INTEGER}\n`);
  sweep();
  expect(existsSync(state)).toBe(false);
});

test("an empty directory is nobody's, whoever has it in mind makes it anew, and none that holds anything but a state is swept", async () => {
  mkdirSync(state, { recursive: true });
  sweep();
  expect(existsSync(state)).toBe(false);
  mkdirSync(join(state, "host"), { recursive: true });
  sweepLater();
  expect(existsSync(state)).toBe(true);
});

test("who sweeps is in nobody's way who begins", async () => {
  const module = JSON.stringify(import.meta.resolve("./state.ts"));
  const script = `const { sweepStates } = await import(${module}); console.log("begun"); for (;;) sweepStates(${JSON.stringify(join(directory, "states"))}, "/nowhere", () => []);`;
  const sweeper = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  await sweeper.stdout.getReader().read();
  try {
    for (let round = 0; round < 300; round += 1) {
      write();
      clearState(state);
    }
  } finally {
    sweeper.kill();
    await sweeper.exited;
  }
});

test.each([".", "host", "stage"])("nothing is removed by a link at %s", (name) => {
  fill();
  const [victim, place] = [join(directory, "victim"), join(state, name)];
  for (const part of ["host", "root"]) mkdirSync(join(victim, part), { recursive: true });
  for (const file of [...own, ...inHost, "os-release", "container-uuid"])
    writeFileSync(join(victim, file), "precious\n");
  rmSync(place, { recursive: true, force: true });
  symlinkSync(victim, place);
  const before = readdirSync(victim, { recursive: true }).toSorted();
  clearState(state);
  expect(readdirSync(victim, { recursive: true }).toSorted()).toEqual(before);
});
