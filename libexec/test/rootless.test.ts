import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { asRoot, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { bundleOf, call } = launcher;

/** Takes from a command, by util-linux's setpriv, what lets root write anywhere. */
const asUser = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];

test.skipIf(!asRoot).each([
  ["who may not write to /run", asUser, {}],
  ["whom RootlessKit gives a /run", [], { ROOTLESSKIT_STATE_DIR: "/run/user/7/dockerd-rootless" }],
])("%s has states and shared files of his own (needs root)", (_, as, env) => {
  const own = join(launcher.directory, "user");
  mkdirSync(own, { recursive: true });
  const before = `chmod 755 /run; chmod 755 '${launcher.directory}'; chmod 777 '${launcher.record}'`;
  const bundle = bundleOf(["/sbin/init"]);
  // The launcher goes on by unshare(1), which this user may not.
  const { berth } = call({
    words: ["staged", "9", "--root", "/r/user", "create", "-b", bundle, "box"],
    shell: [...as, "dash"],
    before,
    env: { ...env, XDG_RUNTIME_DIR: own },
  });
  expect(berth).toEqual(
    expect.arrayContaining([`${own}/berth/runtime/r/user/box`, "--home", `${own}/berth`]),
  );
});
