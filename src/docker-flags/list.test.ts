import { expect, test } from "bun:test";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseDockerFlags } from "./flags.ts";
import { flagsFromArgs, splitList } from "./list.ts";

test.each<[string, string[]]>([
  ["", []],
  ["  ", []],
  ["a", ["a"]],
  ["a,b", ["a", "b"]],
  [" a , b c ,d", ["a", "b c", "d"]],
  ["a,,b,", ["a", "", "b", ""]],
  [`a=1,"b=x,y",c='d,e'`, ["a=1", "b=x,y", "c=d,e"]],
  [`a="b,c"d,e`, ["a=b,cd", "e"]],
  [`" a ",' b '`, [" a ", " b "]],
  [`""`, [""]],
  [`"a\\"b\\\\c\\,d"`, ['a"b\\c,d']],
  [`'a\\b"c'`, ['a\\b"c']],
  ["a\\b,c", ["a\\b", "c"]],
  [`"a\nb"`, ["a\nb"]],
  ["/root,/run,/sys/fs/cgroup:/sys/fs/cgroup:ro", ["/root", "/run", "/sys/fs/cgroup:/sys/fs/cgroup:ro"]],
])("%p is a list", (text, entries) => {
  expect(splitList(text)).toEqual(entries);
});

test.each([`"a`, `a"`, `'a`, `it's`, `"a\\"`, `"a\\n"`])("%p is no list", (text) => {
  faultOf(() => splitList(text));
});

test.each<[string, string[]]>([
  ["", []],
  ["privileged=true,tty=true", ["--privileged=true", "--tty=true"]],
  [`label="a=b,c"`, ["--label=a=b,c"]],
  ["tty,--init,t", ["--tty", "--init", "-t"]],
  ["m=1g,-m=2g,-it", ["-m=1g", "-m=2g", "-it"]],
  ["hostname=a --privileged", ["--hostname=a --privileged"]],
  ["unknown", ["--unknown"]],
])("%p gives the words of flags", (text, words) => {
  expect(flagsFromArgs(text)).toEqual(words);
});

test("an entry is one flag, whatever is in it", () => {
  expect(parseDockerFlags(flagsFromArgs(`hostname=--privileged,label="x=1,privileged=true"`)).body).toEqual({
    Hostname: "--privileged",
    Labels: { x: "1,privileged=true" },
  });
});

test("an entry that would take the next one for its value is refused, and so is an empty one", () => {
  const { message } = faultOf(() => flagsFromArgs("hostname,privileged,,-m,memory 1g,tty"));
  expect(message.split("\n")).toEqual([
    "--hostname: missing value (example: hostname=VALUE)",
    "empty list entry (remove the extra comma)",
    "-m: missing value (example: -m=VALUE)",
    'invalid flag "memory 1g" (example: memory=1g)',
  ]);
});
