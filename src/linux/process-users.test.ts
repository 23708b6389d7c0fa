import { expect, test } from "bun:test";
import { parseUsers } from "./process-users.ts";

test.each([
  ["root's", "Name:\tdockerd\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n", [0, 0, 0, 0]],
  ["a set-uid one, of a user", "Uid:\t1000\t0\t0\t0\n", [1000, 0, 0, 0]],
  ["an ended one", "", undefined],
])("%s", (_, status, users) => expect(parseUsers(status)).toEqual(users));
