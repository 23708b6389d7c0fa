import type { MachineSpec } from "#machinefile/machine.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import type { DeviceRate } from "#machinefile/value/device-rate.ts";
import { renderList } from "#machinefile/value/list.ts";
import { renderPublish } from "#machinefile/value/publish.ts";
import { renderTmpfs } from "#machinefile/value/tmpfs.ts";
import { renderVolume } from "#machinefile/value/volume.ts";

const prefix = "berth.loader.";

/** The labels of a service's container by which its loader makes this machine. The machine has a root. */
export function renderLoaderLabels(machine: MachineSpec): Readonly<Record<string, string>> {
  const list = (items: readonly string[]) => (items.length === 0 ? undefined : renderList(items));
  const number = (value: number | undefined) => (value === undefined ? undefined : String(value));
  const values = omitUndefined({
    machine: machine.name,
    root: machine.root,
    command: list(machine.command ?? []),
    hostname: machine.hostname,
    profile: machine.profile,
    ids: number(machine.ids),
    volumes: list(machine.volumes.map(renderVolume)),
    tmpfs: list(
      Object.entries(renderTmpfs(machine)).map(([target, options]) =>
        options === "" ? target : `${target}:${options}`,
      ),
    ),
    publish: list(machine.publish.map(renderPublish)),
    capabilities: list(machine.capabilities),
    lxcfs: machine.lxcfs ? "true" : undefined,
    cpus: number(machine.cpus),
    "cpuset-cpus": machine.cpuset,
    memory: number(machine.memory),
    "memory-swap": number(machine.memorySwap),
    pids: number(machine.pids),
    "stop-timeout": number(machine.stopTimeout),
    args: list(otherFlags(machine)),
  });
  const variables = Object.entries(machine.environment).map(
    ([name, value]) => [`environment.${name}`, value] as const,
  );
  return Object.fromEntries(
    [...Object.entries<string>(values), ...variables].map(([key, value]) => [prefix + key, value]),
  );
}

/** Flags of `docker run` for what has no label of its own. */
function otherFlags(machine: MachineSpec): readonly string[] {
  const rates = (flag: string, list: readonly DeviceRate[] = []) =>
    list.map(({ device, rate }) => `${flag}=${device}:${rate}`);
  return [
    ...(machine.shmSize === undefined ? [] : [`shm-size=${machine.shmSize}`]),
    ...(machine.blkioWeight === undefined ? [] : [`blkio-weight=${machine.blkioWeight}`]),
    ...rates("device-read-bps", machine.deviceReadBps),
    ...rates("device-write-bps", machine.deviceWriteBps),
    ...rates("device-read-iops", machine.deviceReadIops),
    ...rates("device-write-iops", machine.deviceWriteIops),
    ...Object.entries(machine.labels).map(([name, value]) => `label=${name}=${value}`),
  ];
}
