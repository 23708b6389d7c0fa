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
    ["tmp", /invalid tmpfs "tmp" .*absolute path/],
    ["/", /invalid tmpfs "\/" .*not over the machine's own root/],
    ["/a/../b", /without "\.\."/],
    ["/tmp:size=big", /invalid size "big"/],
    ["/tmp:size=50%", /invalid size "50%"/],
    ["/tmp:size", /invalid tmpfs option "size"/],
    ["/tmp:", /invalid tmpfs option ""/],
    ["/tmp:exec=1", /invalid tmpfs option "exec=1"/],
    ["/tmp:mode=rwx", /invalid mode "rwx"/],
    ["/tmp:uid=www", /invalid user id "www" \(example: 33\)/],
    ["/tmp:siez=1m", /invalid tmpfs option "siez=1m" \(one of: size=…/],
  ])("%s", (text, message) => expect(faultOf(() => parseTmpfs(text)).message).toMatch(message));
});
