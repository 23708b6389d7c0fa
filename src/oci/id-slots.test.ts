import { expect, test } from "bun:test";
import { firstSlot, idsPerSlot, isInSlots, preferredSlot, slotBase, slots } from "./id-slots.ts";

test("the slots fill the ids that nobody else is told to use, to the last", () => {
  expect(idsPerSlot).toBe(65_536);
  // SSSD and FreeIPA give directory users ids up to 2000200000.
  expect(slotBase(firstSlot)).toBe(2_000_224_256);
  expect(slotBase(firstSlot + slots - 1) + idsPerSlot - 1).toBe(2_147_352_575);
  // A whole number of 16 bits each: within a slot the low half of an id is the machine's own.
  for (const index of [0, 1, slots - 1]) expect(slotBase(firstSlot + index) % idsPerSlot).toBe(0);
});

test.each([
  [0, false],
  [4242, false],
  [2_000_224_255, false],
  [2_000_224_256, true],
  [2_147_352_575, true],
  [2_147_352_576, false],
  [4_294_967_295, false],
])("whether the id %d is of a slot", (id, isOne) => {
  expect(isInSlots(id)).toBe(isOne);
});

test.each([
  ["00000000ffffffffffffffffffffffff", 0],
  ["0000000100000000000000000000000a", 1],
  ["ffffffffffffffffffffffffffffffff", 0xffff_ffff % slots],
])("machine-id %s prefers slot %d", (machineId, slot) => {
  expect(preferredSlot(machineId)).toBe(firstSlot + slot);
  expect(slot).toBeLessThan(slots);
});

test("a machine that has run since a release which gave out lower ones has still what it noted down", () => {
  expect(slotBase(0)).toBe(1_879_048_192);
  expect(slotBase(5)).toBe(1_879_048_192 + 5 * 65_536);
});
