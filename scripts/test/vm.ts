import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Release } from "#lab/cache.ts";
import { labImage } from "#lab/lab-image.ts";
import { dataDisk, place } from "#lab/vm/data.ts";
import { type ReadyVm, readyVm } from "#lab/vm/ready.ts";
import type { VmStore, VmSuite } from "#lab/vm/recipe.ts";
import { reboot, resumeVm } from "#lab/vm/resume.ts";
import type { Vm } from "#lab/vm/vm.ts";
import type { Report } from "./report.ts";
import { type Suite, type SuiteResult, top } from "./run.ts";
import { seconds } from "./show.ts";
import { findRoots } from "./suites.ts";
import { vmFiles } from "./vm-files.ts";

export interface VmRun {
  readonly suite: VmSuite;
  readonly store: VmStore;
  readonly files: readonly string[];
}

const minute = 60_000;

/** Builds what the VM of a run boots from, or finds it. May go on while dist is built. */
export async function prepareVm({ suite, store }: Pick<VmRun, "suite" | "store">): Promise<ReadyVm> {
  const began = performance.now();
  const timer = setInterval(
    () => console.log(`VM: ${suite} with ${store} … ${seconds(performance.now() - began)}`),
    30_000,
  );
  try {
    const ready = await readyVm({ suite, store, images: [await labImage("bookworm")] });
    const how = ready.accelerator === "kvm" ? "KVM" : "emulated: no guest lives under KVM here";
    console.log(`VM: ${suite} with ${store}, ${how} (${seconds(performance.now() - began)})`);
    return ready;
  } finally {
    clearInterval(timer);
  }
}

/** Runs test files in a VM, in turn, and tells of each as it ends. What dist holds is what they try. */
export async function runInVm(
  ready: ReadyVm,
  { suite, store, files }: VmRun,
  tell: (result: SuiteResult) => void,
): Promise<readonly Report[]> {
  const began = performance.now();
  const directory = await mkdtemp(join(tmpdir(), "berth-vm-"));
  try {
    const roots = (await findRoots(files)).filter(({ kind }) => kind === "labImage");
    const tarballs = await Promise.all([
      ...roots.map(({ release }) => labImage(release as Release)),
      ...vmFiles.flatMap(({ path, tarball }) =>
        tarball !== undefined && files.includes(path) ? [tarball()] : [],
      ),
    ]);
    const data = await dataDisk(directory, { roots: tarballs, project: top });
    const vm = await resumeVm(ready, data, directory);
    try {
      console.log(`VM: ${suite} with ${store} is up (${seconds(performance.now() - began)})`);
      const where = { host: `${suite} ${store}`, patience: ready.accelerator === "kvm" ? 1 : patience };
      return await runAndReboot(vm, files, where, tell);
    } finally {
      await vm.end();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** How much longer things may take than elsewhere where the processor is emulated: ten times is usual. */
const patience = 30;

interface VmPlace {
  /** For the names of suites. */
  readonly host: string;
  readonly patience: number;
}

/** First what needs no reboot; then what does, each before and after its own. */
async function runAndReboot(
  vm: Vm,
  files: readonly string[],
  where: VmPlace,
  tell: (result: SuiteResult) => void,
): Promise<readonly Report[]> {
  const rebooting = vmFiles.flatMap(({ path, reboots }) => (reboots === true ? [path] : []));
  const lasting = files.filter((file) => !rebooting.includes(file));
  const reports = [...(await runHere(vm, where, planInVm(lasting, where.host), tell))];
  for (const file of files.filter((file) => rebooting.includes(file)))
    for (const boot of ["1", "2"]) {
      if (boot === "2") await reboot(vm);
      const suites = planInVm([file], `${where.host}, boot ${boot}`, { BERTH_TEST_BOOT: boot });
      reports.push(...(await runHere(vm, where, suites, tell)));
    }
  return reports;
}

function planInVm(files: readonly string[], host: string, env: Suite["env"] = {}): readonly Suite[] {
  return files.map((file) => ({
    name: `${file.replace(/\.test\.ts$/, "")} (VM: ${host})`,
    files: [file],
    testLimit: 20 * minute,
    limit: 120 * minute,
    env,
  }));
}

async function runHere(
  vm: Vm,
  { patience }: VmPlace,
  suites: readonly Suite[],
  tell: (result: SuiteResult) => void,
): Promise<readonly Report[]> {
  if (suites.length === 0) return [];
  const reports: Report[] = [];
  const { status, stderr } = await vm.run(
    // Its /tmp is in its memory.
    `cd ${place}/project && export BERTH_TEST_HOST=1 BERTH_TEST_PATIENCE=${patience} &&
      export BERTH_CACHE=${place} TMPDIR=/var/tmp &&
      exec scripts/bun scripts/test/here.ts`,
    {
      input: JSON.stringify(suites),
      onLine: (line) => {
        const result = JSON.parse(line) as SuiteResult;
        reports.push(result);
        tell(result);
      },
    },
  );
  if (status === 0) return reports;
  const failed = [`VM: the tests ended with status ${status}: ${stderr.trim()}`];
  return [...reports, { passed: 0, failed, skipped: [], notes: [] }];
}
