import { expect, test } from "bun:test";
import { planReload } from "./unit-reload.ts";

test.each([
  ["no systemd", { systemd: false, unit: true, nvidia: false }, "unneeded"],
  ["no such unit", { systemd: true, unit: false, nvidia: false }, "unneeded"],
  ["no such unit, GPUs", { systemd: true, unit: false, nvidia: true }, "unneeded"],
  ["a unit", { systemd: true, unit: true, nvidia: false }, "done"],
  ["a unit, GPUs", { systemd: true, unit: true, nvidia: true }, "pending"],
] as const)("%s", (_, facts, reload) => expect(planReload(facts)).toBe(reload));
