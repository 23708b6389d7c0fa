import type { VmDisk } from "./disk.ts";
import { vmKernelLine } from "./recipe.ts";

export type Accelerator = "kvm" | "tcg";

export interface MachineWish {
  readonly accelerator: Accelerator;
  readonly boot: VmDisk;
  /** The disk in place of the boot's own, with its format; it is written to only where it is `kept`. */
  readonly disk: { readonly path: string; readonly format: "raw" | "qcow2"; readonly kept: boolean };
  /** A second disk with an ext4, /dev/vdb. */
  readonly data: string;
  /** Where QEMU's monitor listens (QMP). */
  readonly monitor: string;
  /** A file of the state to go on from, instead of a boot. */
  readonly state?: string;
}

/** MiB: an engine, bun and two or three machines. */
const memory = 3072;

/** All that bun needs and no more: each switch of processes saves what a newer model has, and takes longer. */
const emulatedModel = "Nehalem";

/** QEMU's arguments: what a cheap rented server looks like, but with a monitor. Pure. */
export function qemuArguments({
  accelerator,
  boot,
  disk,
  data,
  monitor,
  state,
}: MachineWish): readonly string[] {
  const drive = (path: string, format: string, kept: boolean) =>
    `file=${path},if=virtio,format=${format},cache=unsafe,discard=unmap,snapshot=${kept ? "off" : "on"}`;
  return [
    ...["-machine", "pc", "-smp", "2", "-m", String(memory)],
    ...(accelerator === "kvm"
      ? ["-accel", "kvm", "-cpu", "host"]
      : ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", emulatedModel]),
    ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"],
    ...["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", vmKernelLine],
    ...["-drive", drive(disk.path, disk.format, disk.kept), "-drive", drive(data, "raw", false)],
    ...["-device", "virtio-rng-pci"],
    // Port 0: a free one, which the monitor tells.
    ...["-nic", "user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:0-:22"],
    ...["-qmp", `unix:${monitor},server=on,wait=off`],
    ...(state === undefined ? [] : ["-incoming", `exec:cat ${quote(state)}`]),
  ];
}

/** All of such a VM that the state kept of one depends on, as one text. */
export function describeMachine(accelerator: Accelerator): string {
  const boot = { kernel: "", initrd: "", disk: "", key: "" };
  const disk = { path: "", format: "qcow2", kept: true } as const;
  return qemuArguments({ accelerator, boot, disk, data: "", monitor: "" }).join(" ");
}

/** A word for /bin/sh. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
