import { expect, test } from "bun:test";
import { closeSync } from "node:fs";
import { errnoName } from "./errno-name.ts";
import { call, libc } from "./libc.ts";

const workingDirectory = -100;
const open = (path: string) =>
  call("openat", (given) => libc.openat(workingDirectory, given.text(path), 0x80000));

test("a call's result is its own, also of one made while another's arguments are put together", () => {
  let inner = -1;
  const outer = call("openat", (given) => {
    const path = given.text("/proc/self/status");
    inner = open("/proc");
    Bun.gc(true);
    return libc.openat(workingDirectory, path, 0x80000);
  });
  expect(inner).toBeGreaterThan(2);
  expect(outer).toBeGreaterThan(inner);
  for (const file of [inner, outer]) closeSync(file);
});

test.each([
  ["/none", "ENOENT"],
  ["/proc/version/below", "ENOTDIR"],
  ["/".padEnd(5000, "x"), "ENAMETOOLONG"],
])("one that fails says why (%#)", (path, code) => {
  expect(() => open(path)).toThrow(
    expect.objectContaining({ code, syscall: "openat", message: `openat: ${code}` }),
  );
});

test.each([
  [1, "EPERM"],
  [11, "EAGAIN"],
  [95, "EOPNOTSUPP"],
  [116, "ESTALE"],
  [4000, "errno 4000"],
])("error number %i is %s", (number, name) => {
  expect(errnoName(number)).toBe(name);
});
