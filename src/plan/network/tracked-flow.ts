import type { Publish } from "#machinefile/value/publish.ts";
import { type ForwardTargets, familyOf, isAnyAddress, isForwarded, protocolNumbers } from "./forwarding.ts";

/**
 * A flow which the kernel tracks: as it came in, and where its answers come from, which is where it really
 * goes.
 */
export interface TrackedFlow {
  /** Of IP: 6 is TCP, 17 UDP. */
  readonly protocol: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly repliesFrom: string;
}

/** Whether a flow began as one to these ports of the host, if its destination is an address of the host. */
export function isFlowOf(
  { protocol, destination, destinationPort }: TrackedFlow,
  publish: readonly Publish[],
  targets: ForwardTargets,
): boolean {
  const family = familyOf(destination);
  if (targets[family] === undefined) return false;
  return publish.some(
    (one) =>
      Number(protocolNumbers[one.protocol]) === protocol &&
      destinationPort >= one.hostPort &&
      destinationPort < one.hostPort + one.count &&
      isForwarded(one, family) &&
      (isAnyAddress(one.address) || one.address === destination),
  );
}
