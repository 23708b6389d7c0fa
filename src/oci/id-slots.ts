import { idsOfSystem } from "../spec/limit.ts";

/** Ids are given out in slots of one ordinary system's. */
export const idsPerSlot = idsOfSystem;
/**
 * The ids that nobody is told to use: systemd's "Users, Groups, UIDs and GIDs" has 1879048192 to 2147352575 unused, above
 * its containers' and below its foreign ones; shadow's subuids lie far below.
 */
const firstId = 0x7000_0000;
export const slots = (0x7ffe_0000 - firstId) / idsPerSlot;

/** The first id of a slot. */
export function slotBase(slot: number): number {
  return firstId + slot * idsPerSlot;
}

/** Where to look first for a machine, so that it has the same ids at each start unless another was faster. */
export function preferredSlot(machineId: string): number {
  return Number.parseInt(machineId.slice(0, 8), 16) % slots;
}
