import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { isRoot } from "#lab/mount-namespace.ts";
import { firstSlot, slotBase } from "#oci/id-slots.ts";
import { mayBeMachines } from "./namespace-maker.ts";

const as = (user: number) => [
  "setpriv",
  `--reuid=${user}`,
  `--regid=${user}`,
  "--clear-groups",
  "--inh-caps=-all",
];
const inUserNamespace = ["unshare", "--user", "--map-root-user", "--mount"];

describe.skipIf(!isRoot)("whose a mount namespace is (needs root)", () => {
  test.each([
    ["the host's own", [], true],
    ["one that root has made", ["unshare", "--mount"], true],
    ["one that root has made for another user", ["unshare", "--mount", ...as(4242)], true],
    ["one in a user namespace that root has made", inUserNamespace, true],
    ["one that a machine's root has made", [...as(slotBase(firstSlot)), ...inUserNamespace], true],
    ["one that a user of the host has made", [...as(4242), ...inUserNamespace], false],
    ["one in another user namespace in it", [...as(4242), ...inUserNamespace, ...inUserNamespace], false],
  ])("%s", async (_, command, may) => {
    const [program = "", ...words] = [...command, "sh", "-c", "echo; exec cat"];
    const holder = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await once(holder.stdout, "data");
      const namespace = openSync(`/proc/${holder.pid}/ns/mnt`, "r");
      expect(mayBeMachines(namespace)).toBe(may);
      closeSync(namespace);
    } finally {
      holder.stdin.end();
      await once(holder, "exit");
    }
  });
});
