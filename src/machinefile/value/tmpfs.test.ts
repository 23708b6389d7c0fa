import { describe, expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseTmpfs } from "./tmpfs.ts";

test.each([
  ["/tmp", "/tmp", []],
  ["/var//cache/", "/var/cache", []],
  ["/tmp:size=64m,mode=1777", "/tmp", ["size=67108864", "mode=1777"]],
  [
    "/x:size=1.5G,nr_inodes=10,uid=33,gid=33,noexec,ro",
    "/x",
    ["size=1610612736", "nr_inodes=10", "uid=33", "gid=33", "noexec", "ro"],
  ],
])("%s", (text, target, options) => expect(parseTmpfs(text)).toEqual({ target, options }));

describe("refused", () => {
  test.each<[string, RegExp]>([
    ["tmp", /"tmp" is not an absolute path/],
    ["/", /over the machine's own root/],
    ["/a/../b", /without "\.\."/],
    ["/tmp:size=big", /"big" is not a size/],
    ["/tmp:size=50%", /"50%" is not a size/],
    ["/tmp:size", /"size" is no option of a tmpfs/],
    ["/tmp:", /"" is no option of a tmpfs/],
    ["/tmp:exec=1", /"exec=1" is no option/],
    ["/tmp:mode=rwx", /"rwx" is no mode/],
    ["/tmp:uid=www", /"www" is not a user's id; write a whole number/],
    ["/tmp:siez=1m", /"siez=1m" is no option of a tmpfs; use size=…/],
  ])("%s", (text, message) => expect(faultOf(() => parseTmpfs(text)).message).toMatch(message));
});
