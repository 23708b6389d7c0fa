import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { inNetworkNamespace, isOthersNetwork } from "#host/namespace/network-namespace.ts";
import { mount, mountFlags } from "#host/syscall/syscalls.ts";

/**
 * Binds the network namespace that a path names now as `net` in the stage, and returns that path: the first
 * one contains a pid, which may be reused later. Throws `host-unfit` if it is the host's, or is not a network
 * namespace.
 */
export function stageNetwork(stage: string, network: string): string {
  const place = join(stage, "net");
  writeFileSync(place, "");
  try {
    mount(network, place, "", mountFlags.bind, "");
  } catch (cause) {
    throw lostNetwork(cause);
  }
  if (!isOthersNetwork(place)) throw lostNetwork();
  return place;
}

const lostNetwork = (cause?: unknown) =>
  new BerthError("host-unfit", "the container whose network the machine joins has just exited", {
    hint: "start that container first",
    cause,
  });

/**
 * Mounts, as `sys` in the stage, the sysfs of a network namespace, read-only: it shows the links of that, and
 * no mount that the host has below its own /sys. Throws `host-unfit`.
 */
export function stageSysfs(stage: string, network: string): void {
  const place = join(stage, "sys");
  const { readOnly, noSuid, noDev, noExec } = mountFlags;
  mkdirSync(place);
  try {
    inNetworkNamespace(network, () => mount("sysfs", place, "sysfs", readOnly | noSuid | noDev | noExec, ""));
  } catch (cause) {
    throw new BerthError(
      "host-unfit",
      `cannot mount the sysfs of the other container's network: ${(cause as Error).message}`,
      {
        hint: "use profile strict",
        cause,
      },
    );
  }
}
