import { invalid } from "./invalid.ts";
import { parseSize } from "./size.ts";

/** The most that a machine may read from or write to one block device of the host in a second. */
export interface DeviceRate {
  /** The host's path of the device. */
  readonly device: string;
  /** Bytes, or operations, in a second. */
  readonly rate: number;
}

/** `DEVICE:SIZE`, such as `/dev/sda:10mb`, in bytes a second, as `docker run --device-read-bps` has it. */
export function parseBytesRate(text: string): DeviceRate {
  return parseDeviceRate(text, parseSize, "10mb");
}

/**
 * `DEVICE:NUMBER`, such as `/dev/sda:1000`, in operations a second, as `docker run --device-read-iops` has
 * it.
 */
export function parseOperationsRate(text: string): DeviceRate {
  return parseDeviceRate(text, (rate) => (/^\d+$/.test(rate) ? Number(rate) : 0), "1000");
}

function parseDeviceRate(text: string, parseRate: (rate: string) => number, example: string): DeviceRate {
  const colon = text.lastIndexOf(":");
  const device = text.slice(0, Math.max(colon, 0));
  // A path such as /dev/disk/by-id/… may hold colons; the rate never does.
  if (!/^\/dev\/[^\0]+$/.test(device)) throw invalid("device rate", text, `example: /dev/sda:${example}`);
  const rate = parseRate(text.slice(colon + 1));
  // The kernel takes 0 for "no limit".
  if (!Number.isSafeInteger(rate) || rate < 1)
    throw invalid("rate", text.slice(colon + 1), `example: ${example}; at least 1`);
  return { device, rate };
}
