import { idsOfSystem } from "#linux/id-range.ts";

/** Each slot has the ids of one ordinary system. */
export const idsPerSlot = idsOfSystem;
/**
 * First id of a range that systemd leaves unassigned: 1879048192 to 2147352575, between its container and
 * foreign ranges (systemd's "Users, Groups, UIDs and GIDs"). shadow's subuids lie far below.
 */
const origin = 0x7000_0000;
/**
 * The lowest slot in use. SSSD and FreeIPA assign a directory's users ids up to 2000200000 by default
 * (sssd-ldap(5), ldap_idmap_range_max).
 */
export const firstSlot = Math.ceil((2_000_200_000 - origin) / idsPerSlot);
/** How many there are. */
export const slots = (0x7ffe_0000 - origin) / idsPerSlot - firstSlot;

/** The first id of a slot. */
export function slotBase(slot: number): number {
  return origin + slot * idsPerSlot;
}

/** Whether an id belongs to a slot, and so to a machine rather than a user of the host. */
export function isInSlots(id: number): boolean {
  return id >= slotBase(firstSlot) && id < slotBase(firstSlot + slots);
}

/** The first slot to try for a machine, so that it gets the same ids at each start if they are free. */
export function preferredSlot(machineId: string): number {
  return firstSlot + (Number.parseInt(machineId.slice(0, 8), 16) % slots);
}
