import { idsOfSystem } from "#linux/id-range.ts";

/** Ids are given out in slots of one ordinary system's. */
export const idsPerSlot = idsOfSystem;
/**
 * Where slot 0 would be: systemd's "Users, Groups, UIDs and GIDs" has 1879048192 to 2147352575 unused, above
 * its containers' and below its foreign ones; shadow's subuids lie far below.
 */
const origin = 0x7000_0000;
/**
 * The lowest slot that is given out: SSSD gives a directory's users ids up to 2000200000 unless told
 * otherwise (sssd-ldap(5), ldap_idmap_range_max), FreeIPA too.
 */
export const firstSlot = Math.ceil((2_000_200_000 - origin) / idsPerSlot);
/** How many there are. */
export const slots = (0x7ffe_0000 - origin) / idsPerSlot - firstSlot;

/** The first id of a slot. */
export function slotBase(slot: number): number {
  return origin + slot * idsPerSlot;
}

/** Whether an id is of a slot: then it is some machine's, and no user's of the host. */
export function isInSlots(id: number): boolean {
  return id >= slotBase(firstSlot) && id < slotBase(firstSlot + slots);
}

/** Where to look first for a machine, so that it has the same ids at each start unless another was faster. */
export function preferredSlot(machineId: string): number {
  return firstSlot + (Number.parseInt(machineId.slice(0, 8), 16) % slots);
}
