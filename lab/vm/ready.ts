import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "#host/process/run.ts";
import { cached } from "../cache.ts";
import { digest } from "../lab-image.ts";
import { waitFor } from "../wait-for.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { dataDisk, mountData, place } from "./data.ts";
import { type VmDisk, vmDisk } from "./disk.ts";
import { type Accelerator, describeMachine } from "./qemu.ts";
import { describeDisk, storeSettings, type VmStore, type VmSuite } from "./recipe.ts";
import { startVm, type Vm } from "./vm.ts";

export interface VmWish {
  readonly suite: VmSuite;
  readonly store: VmStore;
  /** Root tarballs that its engine has as images (lab/host-node.ts) when it is handed out. */
  readonly images: readonly string[];
}

/** A VM that has booted and whose engine has its images: its disk, and its memory at that moment. */
export interface ReadyVm {
  readonly accelerator: Accelerator;
  readonly boot: VmDisk;
  readonly disk: string;
  readonly state: string;
}

/** Boots such a VM once and keeps it, stopped: a minute and more where it is emulated, else seconds. */
export async function readyVm({ suite, store, images }: VmWish): Promise<ReadyVm> {
  const boot = await vmDisk(suite);
  const accelerator = await chooseAccelerator(boot);
  const { stdout: version } = await run("qemu-system-x86_64", ["--version"]);
  const machine = describeMachine(accelerator);
  const key = digest([describeDisk(suite), version, machine, ...images.map((path) => basename(path))]);
  const directory = await cached(`vm-${suite}-${store}-${key}`, async (path) => {
    await mkdir(path);
    await prepare({ accelerator, boot, path, store, images });
  });
  return { accelerator, boot, disk: join(directory, "disk"), state: join(directory, "state") };
}

async function prepare({
  accelerator,
  boot,
  path,
  store,
  images,
}: Pick<VmWish, "store" | "images"> & Pick<ReadyVm, "accelerator" | "boot"> & { readonly path: string }) {
  const disk = join(path, "disk");
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", boot.disk, disk]);
  const temporary = await mkdtemp(join(tmpdir(), "berth-vm-"));
  let vm: Vm | undefined;
  try {
    const data = await dataDisk(temporary, { roots: images });
    const monitor = join(temporary, "monitor");
    vm = await startVm({
      accelerator,
      boot,
      disk: { path: disk, format: "qcow2", kept: true },
      data,
      monitor,
    });
    // It has opened what is in there, and nothing is to be left of it if this process is killed.
    await rm(temporary, { recursive: true });
    await vm.answers();
    const { status, stderr } = await vm.run(preparation(store, images));
    if (status !== 0) throw new Error(`the VM cannot be prepared: ${stderr}`);
    await save(vm, join(path, "state"));
  } finally {
    await vm?.end();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What is done in a VM before it is kept. */
function preparation(store: VmStore, images: readonly string[]): string {
  const imports = images.map((path) => {
    const name = basename(path);
    const image = `berth-lab/${basename(name, ".tar")}`;
    return `docker import --change 'CMD ["/sbin/init"]' ${place}/roots/${name} ${image}`;
  });
  return `set -e
    systemctl is-system-running --wait || systemctl --failed >&2
    mkdir -p /etc/docker
    echo '${storeSettings(store)}' >/etc/docker/daemon.json
    ${store === "containerd" ? "systemctl restart docker" : ""}
    ${mountData}
    ${imports.join("\n")}
    umount ${place}
    sync
    echo 3 >/proc/sys/vm/drop_caches`;
}

/** Stops it and writes its memory into a file. */
async function save({ monitor }: Vm, file: string): Promise<void> {
  await monitor.execute("stop");
  // Nothing waits meanwhile, so there is nobody to be fair to.
  await monitor.execute("migrate-set-parameters", { "max-bandwidth": 10 ** 12 });
  await monitor.execute("migrate", { uri: `exec:cat >'${file}'` });
  await waitFor(
    "the VM's memory is written",
    async () => {
      const { status } = (await monitor.execute("query-migrate")) as { readonly status?: string };
      if (status === "failed") throw new Error("QEMU cannot write the VM's memory");
      return status === "completed";
    },
    300_000,
  );
}
