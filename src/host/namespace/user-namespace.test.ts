import { expect, test } from "bun:test";
import { closeSync } from "node:fs";
import { run } from "#host/process/run.ts";
import { isRoot } from "#lab/mount-namespace.ts";
import { beginUserNamespace } from "./user-namespace.ts";

const base = 0x7000_0000;
/** ioctl_ns(2), NS_GET_OWNER_UID, of the namespace that is its standard input. */
const readOwner =
  'my $owner = pack("L", 0); ioctl(STDIN, 0xb704, $owner) or die "$!"; print unpack("L", $owner)';

test.skipIf(!isRoot).each([
  [undefined, 0],
  [base, base],
])("made for %p it is %p's (needs root)", async (owner, expected) => {
  const namespace = beginUserNamespace(owner);
  const descriptor = await namespace.map([{ inside: 0, outside: base, count: 65_536 }]);
  namespace.end();
  try {
    expect(Bun.spawnSync(["perl", "-e", readOwner], { stdin: descriptor }).stdout.toString()).toBe(
      String(expected),
    );
  } finally {
    closeSync(descriptor);
  }
});

test.each([
  [
    "allows no more of them",
    "echo 0 >/proc/sys/user/max_user_namespaces",
    "unshare failed: No space left on device",
  ],
  ["has no unshare", "PATH=/nonexistent", "unshare is not installed"],
])("a host that %s is unfit, and says why", async (_, before, why) => {
  const program = `const { beginUserNamespace } = await import(${JSON.stringify(import.meta.resolve("./user-namespace.ts"))});
    const namespace = beginUserNamespace();
    const { code, message } = await namespace.map([]).then(() => ({}), (error) => error);
    namespace.end();
    console.log(JSON.stringify({ code, message }));`;
  const inOwn = ["--user", "--map-root-user", "--", "sh", "-ec", `${before}; exec "$@"`, "sh"];
  const { stdout } = await run("unshare", [...inOwn, process.execPath, "-e", program]);
  expect(JSON.parse(stdout)).toEqual({ code: "host-unfit", message: expect.stringContaining(why) });
});
