import { expect, test } from "bun:test";
import { initOfCommand } from "./init.ts";

test.each([
  [["/sbin/init"], "/usr/lib/systemd/systemd", "systemd"],
  [["/usr/lib/systemd/systemd", "--user"], "/usr/lib/systemd/systemd", undefined],
  [["/sbin/init"], "/bin/busybox", "busybox"],
  [["/bin/busybox", "init"], "/bin/busybox", "busybox"],
  [["/bin/sh"], "/bin/busybox", undefined],
  [["/bin/bash"], "/usr/bin/bash", undefined],
])("the init of the command %j by %s is %p", (command, program, expected) => {
  expect(initOfCommand(command, program, () => true)).toBe(expected as "systemd");
});
