import { expect, test } from "bun:test";
import { isUnderProfile, listsProfile } from "./apparmor.ts";

const list = "docker-default (enforce)\n/usr/bin/man (enforce)\nberth-machine-2 (complain)\n";

test.each([
  ["docker-default", list, true],
  ["berth-machine-2", list, true],
  ["berth-machine", list, false],
  ["default", list, false],
  ["man", list, false],
  ["docker-default", "", false],
])("%s", (name, text, expected) => expect(listsProfile(text, name)).toBe(expected));

test.each([
  ["berth-machine (enforce)\n", true],
  ["berth-machine", true],
  ["docker-default//&berth-machine (mixed)\n", true],
  ["berth-machine//child (enforce)\n", false],
  ["unconfined\n", false],
  ["", false],
])("a process under %j", (label, expected) => expect(isUnderProfile(label, "berth-machine")).toBe(expected));
