import { expect, test } from "bun:test";
import { listsProfile } from "./apparmor.ts";

const list = "docker-default (enforce)\n/usr/bin/man (enforce)\nberth-machine-2 (complain)\n";

test.each([
  ["docker-default", list, true],
  ["berth-machine-2", list, true],
  ["berth-machine", list, false],
  ["default", list, false],
  ["man", list, false],
  ["docker-default", "", false],
])("%s", (name, text, expected) => expect(listsProfile(text, name)).toBe(expected));
