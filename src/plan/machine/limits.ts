import type { HostConfig } from "#api/host-config.ts";
import type { blockIoKeys } from "#machinefile/keys/block-io.ts";
import type { limitKeys } from "#machinefile/keys/limits.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import type { DeviceRate } from "#machinefile/value/device-rate.ts";

type Rows = typeof limitKeys & typeof blockIoKeys;
type LimitField = Rows[keyof Rows]["field"] | "shmSize";

const rates = (list: readonly DeviceRate[]) => list.map(({ device, rate }) => ({ Path: device, Rate: rate }));

/** Where each limit lands in HostConfig; a limit without its place does not compile. */
const places: {
  readonly [F in LimitField]: (value: NonNullable<MachineSpec[F]>) => HostConfig;
} = {
  cpus: (cpus) => ({ NanoCpus: Math.round(cpus * 1e9) }),
  cpuset: (list) => ({ CpusetCpus: list }),
  memory: (bytes) => ({ Memory: bytes }),
  memorySwap: (bytes) => ({ MemorySwap: bytes }),
  shmSize: (bytes) => ({ ShmSize: bytes }),
  pids: (count) => ({ PidsLimit: count }),
  blkioWeight: (weight) => ({ BlkioWeight: weight }),
  deviceReadBps: (list) => ({ BlkioDeviceReadBps: rates(list) }),
  deviceWriteBps: (list) => ({ BlkioDeviceWriteBps: rates(list) }),
  deviceReadIops: (list) => ({ BlkioDeviceReadIOps: rates(list) }),
  deviceWriteIops: (list) => ({ BlkioDeviceWriteIOps: rates(list) }),
};

/**
 * The limits of a machine in HostConfig: only those that were asked for, since an engine without the
 * controller refuses or warns of any.
 */
export function renderLimits(machine: Partial<Pick<MachineSpec, LimitField>>): HostConfig {
  const place = <F extends LimitField>(field: F): HostConfig => {
    const value: MachineSpec[F] | undefined = machine[field];
    return value === undefined || value === null ? {} : places[field](value);
  };
  const fields = Object.keys(places) as LimitField[];
  return Object.assign({}, ...fields.map(place));
}
