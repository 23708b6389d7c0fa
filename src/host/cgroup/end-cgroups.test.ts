import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mayBeOf, parseMountinfo } from "#linux/mountinfo.ts";
import { removeCgroups } from "./cgroup-tree.ts";
import { endCgroups } from "./end-cgroups.ts";

/** A machine's cgroup in one hierarchy, and one in that which holds a process. */
let box = "";
let victim: ChildProcess;
const inner = (file: string) => join(box, "in ner", file);
beforeEach(() => {
  box = mkdtempSync(join(tmpdir(), "berth-end-"));
  mkdirSync(inner(""));
  victim = spawn("sleep", ["600"], { stdio: "ignore" });
  writeFileSync(join(box, "cgroup.procs"), "0\n");
  writeFileSync(inner("cgroup.procs"), `${victim.pid}\n`);
});
afterEach(() => {
  victim.kill("SIGKILL");
  rmSync(box, { recursive: true });
});
const text = (file: string) => readFileSync(file, "utf8");
const ended = () => once(victim, "exit");

test("what is frozen is killed and let go", async () => {
  for (const file of [join(box, "freezer.state"), inner("freezer.state")]) writeFileSync(file, "FROZEN\n");
  const end = ended();
  endCgroups({ freezer: [box], limits: [] });
  expect(await end).toEqual([null, "SIGKILL"]);
  expect([text(join(box, "freezer.state")), text(inner("freezer.state"))]).toEqual(["THAWED\n", "THAWED\n"]);
});

test("also in a cgroup whose name is no text", async () => {
  const odd = Buffer.concat([Buffer.from(`${box}/`), Buffer.from([0xff])]);
  const file = (name: string) => Buffer.concat([odd, Buffer.from(`/${name}`)]);
  mkdirSync(odd);
  writeFileSync(file("freezer.state"), "FROZEN\n");
  writeFileSync(file("cgroup.procs"), `${victim.pid}\n`);
  writeFileSync(inner("cgroup.procs"), "");
  const end = ended();
  endCgroups({ freezer: [box], limits: [] });
  expect(await end).toEqual([null, "SIGKILL"]);
  expect(readFileSync(file("freezer.state"), "utf8")).toBe("THAWED\n");
});

test.each([
  ["io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n", "8:0 rbps=max wbps=max riops=max wiops=max\n"],
  ["blkio.throttle.write_iops_device", "8:0 1\n", "8:0 0\n"],
  ["cpu.max", "1000 1000000\n", "max\n"],
  ["cpu.cfs_quota_us", "1000\n", "-1\n"],
])(
  "%s is lifted once all is killed; the engine's own limit of the machine stays",
  async (file, held, lifted) => {
    for (const path of [join(box, file), inner(file)]) writeFileSync(path, held);
    const end = ended();
    endCgroups({ freezer: [], limits: ["/nowhere", box] });
    expect(await end).toEqual([null, "SIGKILL"]);
    // Unlike the kernel's files these keep what is longer.
    expect([text(join(box, file)), text(inner(file)).slice(0, lifted.length)]).toEqual([held, lifted]);
  },
);

test("the kernel's own kill is enough where it has one (cgroup v2)", () => {
  writeFileSync(join(box, "cgroup.kill"), "");
  endCgroups({ freezer: [], limits: [box] });
  expect([text(join(box, "cgroup.kill")), victim.signalCode]).toEqual(["1\n", null]);
});

const [cgroup2] = parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"), mayBeOf("cgroup2 ")).map(
  ({ point }) => point,
);
test.skipIf(process.getuid?.() !== 0 || cgroup2 === undefined)(
  "in a cgroup of the kernel's (needs root, cgroup2)",
  async () => {
    const cgroup = join(cgroup2 ?? "", `berth-end-${process.pid}`);
    mkdirSync(join(cgroup, "inner"), { recursive: true });
    writeFileSync(join(cgroup, "inner", "cgroup.procs"), `${victim.pid}`);
    const end = ended();
    endCgroups({ freezer: [], limits: [cgroup] });
    expect(await end).toEqual([null, "SIGKILL"]);
    expect(removeCgroups(cgroup)).toBe(true);
  },
);

test("a directory of that name, which a machine of v1 may make, is none", async () => {
  mkdirSync(join(box, "cgroup.kill"));
  mkdirSync(inner("io.max"));
  const end = ended();
  endCgroups({ freezer: [], limits: [box] });
  expect(await end).toEqual([null, "SIGKILL"]);
});

test("what fails keeps nothing from the rest, and is told", async () => {
  for (const cgroup of ["a", "z"]) mkdirSync(join(box, cgroup));
  // What can be read, and not written.
  symlinkSync("/proc/version", inner("cpu.max"));
  for (const cgroup of ["a", "z"]) writeFileSync(join(box, cgroup, "cpu.max"), "1 2\n");
  const end = ended();
  // Nor does a cgroup that cannot be opened.
  expect(() => endCgroups({ freezer: [`${box}\0`], limits: [box] })).toThrow();
  writeFileSync(join(box, "a", "cpu.max"), "1 2\n");
  expect(() => endCgroups({ freezer: [], limits: [box] })).toThrow(
    expect.objectContaining({ syscall: expect.any(String) }),
  );
  expect(await end).toEqual([null, "SIGKILL"]);
  expect(["a", "z"].map((cgroup) => text(join(box, cgroup, "cpu.max")))).toEqual(["max\n", "max\n"]);
});
