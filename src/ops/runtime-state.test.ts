import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clearState, sweepStates, writeState } from "./runtime-state.ts";

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
  machineId: "0123456789abcdef0123456789abcdef",
};
const write = () => writeState(state, needs, { manager: "docker", hostname: "box" });
/** All that a machine in a user namespace in another's network has. */
const fill = () => {
  write();
  for (const name of ["ids", "root", "pid", "network"]) writeFileSync(join(state, name), "x\n");
};
const own = ["capabilities", "hostname", "lacking", "machine-id", "stop-signal"];
const inHost = ["host/container-manager", "host/container-uuid", "host/os-release"];
const all = [...own, ...inHost, "ids", "network", "pid", "root"];

/** What is in the way of a file ends the work there, as a crash would. */
function cutShortAt(name: string, work: () => void): void {
  const place = join(state, name);
  rmSync(place, { force: true });
  mkdirSync(join(place, "in the way"), { recursive: true });
  expect(work).toThrow();
  rmSync(place, { recursive: true });
}

/** Sweeps after a minute has gone over whatever there is. */
function sweepLater(): void {
  const before = new Date(Date.now() - 120_000);
  for (const name of [...(existsSync(join(state, "stop-signal")) ? ["stop-signal"] : []), "."])
    utimesSync(join(state, name), before, before);
  sweepStates(join(directory, "states"), join(directory, "containers"));
}

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

test("an empty directory is swept once it is nobody's work any more, and none that holds anything but a state", () => {
  mkdirSync(state, { recursive: true });
  sweepStates(join(directory, "states"), join(directory, "containers"));
  expect(existsSync(state)).toBe(true);
  sweepLater();
  expect(existsSync(state)).toBe(false);
  mkdirSync(join(state, "host"), { recursive: true });
  sweepLater();
  expect(existsSync(state)).toBe(true);
});

test.each([".", "host", "stage"])("nothing is removed by a link at %s", (name) => {
  fill();
  const [victim, place] = [join(directory, "victim"), join(state, name)];
  for (const part of ["host", "root"]) mkdirSync(join(victim, part), { recursive: true });
  for (const file of [...own, ...inHost, "os-release", "container-uuid"]) writeFileSync(join(victim, file), "precious\n");
  rmSync(place, { recursive: true, force: true });
  symlinkSync(victim, place);
  const before = readdirSync(victim, { recursive: true }).toSorted();
  clearState(state);
  expect(readdirSync(victim, { recursive: true }).toSorted()).toEqual(before);
});
