import { rm } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "../wait-for.ts";
import { mountData, place } from "./data.ts";
import type { ReadyVm } from "./ready.ts";
import { longestBoot, startVm, type Vm } from "./vm.ts";

/** Boots it anew, as its user would, and returns when it answers and has its data again. */
export async function reboot(vm: Vm): Promise<void> {
  const bootId = async () => (await vm.run("cat /proc/sys/kernel/random/boot_id")).stdout.trim();
  const before = await bootId();
  await vm.run("systemctl reboot");
  await waitFor(
    "the VM boots anew",
    async () => {
      const now = await bootId();
      return now !== "" && now !== before;
    },
    longestBoot,
  );
  const { status, stderr } = await vm.run(mountData);
  if (status !== 0) throw new Error(`the VM does not mount ${place}: ${stderr}`);
}

/**
 * A VM that goes on where a ready one was stopped, with data of its own; nothing that it does to its disk
 * stays. The directory, in which its data may be, is removed as soon as the VM has opened what is there: so
 * nothing is left of it, however this process ends.
 */
export async function resumeVm(
  { accelerator, boot, disk, state }: ReadyVm,
  data: string,
  directory: string,
): Promise<Vm> {
  const vm = await startVm({
    accelerator,
    boot,
    disk: { path: disk, format: "qcow2", kept: false },
    data,
    monitor: join(directory, "monitor"),
    state,
  });
  try {
    await rm(directory, { recursive: true });
    // It was stopped when its memory was written, and is again once that is read.
    await waitFor("the VM's memory is read", async () => {
      const { status } = (await vm.monitor.execute("query-status")) as { readonly status: string };
      return status === "paused";
    });
    await vm.monitor.execute("cont");
    await vm.answers();
    // Its clock stood still meanwhile.
    const { status, stderr } = await vm.run(`set -e
      date --set=@${Math.round(Date.now() / 1000)} >/dev/null
      ${mountData}`);
    if (status !== 0) throw new Error(`the VM does not mount ${place}: ${stderr}`);
    return vm;
  } catch (error) {
    await vm.end();
    throw error;
  }
}
