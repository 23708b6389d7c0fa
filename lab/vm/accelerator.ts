import { existsSync } from "node:fs";
import { tryRun } from "#host/process/run.ts";
import type { VmDisk } from "./disk.ts";
import type { Accelerator } from "./qemu.ts";

/**
 * KVM where a guest lives in it: a host may have /dev/kvm and make VMs that die at their first instructions.
 * So it boots the kernel without a root, which says so and ends: a second where KVM works.
 */
export async function chooseAccelerator({ kernel }: Pick<VmDisk, "kernel">): Promise<Accelerator> {
  if (!existsSync("/dev/kvm")) return "tcg";
  const { stdout } = await tryRun("timeout", [
    ...["--signal=KILL", "20", "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "512"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", kernel, "-append", "console=ttyS0 panic=-1"],
  ]);
  return stdout.includes("Linux version") ? "kvm" : "tcg";
}
