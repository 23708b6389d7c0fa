import { expect, test } from "bun:test";
import { privilegeOptions } from "./new-privileges.ts";

test.each([
  ["full", ["no-new-privileges=false"]],
  ["strict", []],
  ["privileged", []],
  [undefined, []],
] as const)("%s", (profile, expected) => expect(privilegeOptions(profile)).toEqual([...expected]));
