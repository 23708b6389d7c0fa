import { closeSync, fstatSync, statSync } from "node:fs";
import { hasErrno } from "#host/syscall/errno.ts";
import { call, libc } from "#host/syscall/libc.ts";
import { isInSlots } from "#oci/id-slots.ts";

/** ioctl_ns(2): NS_GET_USERNS and NS_GET_OWNER_UID. */
const getUserNamespace = 0xb701;
const getOwner = 0xb704;

/**
 * Whether a mount namespace, by a descriptor, may be a machine's: created by root, or by a process in a
 * machine. Any user of the host can create others in an own user namespace and imitate a machine's mounts
 * there.
 */
export function mayBeMachines(namespace: number): boolean {
  let owning: number;
  try {
    owning = call("ioctl", () => libc.ioctl(namespace, getUserNamespace, null));
  } catch (error) {
    // One that is outside of this process's own user namespace.
    if (hasErrno(error, ["EPERM"])) return false;
    throw error;
  }
  try {
    if (fstatSync(owning).ino === statSync("/proc/self/ns/user").ino) return true;
    const maker = new Uint32Array(1);
    call("ioctl", (given) => libc.ioctl(owning, getOwner, given.bytes(maker)));
    const [user = Number.NaN] = maker;
    return user === 0 || isInSlots(user);
  } finally {
    closeSync(owning);
  }
}
