import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patcher, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { bundleOf, call } = launcher;

test("the server of mirrors is started ahead for a machine that may get one, once there have been any", () => {
  writeFileSync(
    join(launcher.directory, "berth"),
    `#!/bin/sh\n[ "$2" != mirror ] || echo served >"$REC/served"`,
  );
  const directoryOfMirrors = join(launcher.run, "berth/mirror");
  const isServed = (env: readonly string[], linux: object = { maskedPaths: ["/proc/kcore"] }) => {
    const bundle = bundleOf(["/sbin/init"]);
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ process: { args: ["/sbin/init"], env }, root: { path: "rootfs" }, linux }),
    );
    // Whatever it starts has this descriptor, and so is waited for.
    expect(call({ words: ["create", "-b", bundle, "box"], before: "exec 9>&1" }).status).toBe(0);
    const served = join(launcher.record, "served");
    if (!existsSync(served)) return false;
    rmSync(served);
    return true;
  };
  try {
    expect(isServed([])).toBe(false);
    mkdirSync(directoryOfMirrors, { recursive: true });
    expect([[], ["BERTH_PROFILE="], ["BERTH_PROFILE=full"]].map((env) => isServed(env))).toEqual([
      true,
      true,
      true,
    ]);
    expect([
      isServed(["BERTH_PROFILE=strict"]),
      isServed(["BERTH_PROFILE=privileged"], {}),
      isServed([], {}),
    ]).toEqual([false, false, false]);
    writeFileSync(join(directoryOfMirrors, "socket"), "");
    expect(isServed([])).toBe(false);
  } finally {
    rmSync(directoryOfMirrors, { recursive: true, force: true });
    writeFileSync(join(launcher.directory, "berth"), patcher);
  }
});

test("the server of mirrors is not started again where berth has been removed", () => {
  writeFileSync(
    join(launcher.directory, "berth"),
    `#!/bin/sh\necho "$*" >>"$REC/served"; rm "$0"; kill -KILL $$`,
  );
  try {
    expect(call({ words: ["mirror"], shell: ["timeout", "20", "dash"] }).status).not.toBe(124);
  } finally {
    writeFileSync(join(launcher.directory, "berth"), patcher);
    chmodSync(join(launcher.directory, "berth"), 0o755);
  }
  expect(readFileSync(join(launcher.record, "served"), "utf8")).toBe("runtime mirror\n");
}, 30_000);

test("the server of mirrors is started again until it ends by itself", () => {
  const text = `#!/bin/sh
    echo "$*" >>"$REC/served"
    [ "$(wc -l <"$REC/served")" -eq 3 ] || kill -KILL $$`;
  writeFileSync(join(launcher.directory, "berth"), text);
  try {
    expect(call({ words: ["mirror"] })).toMatchObject({ status: 0, real: undefined });
  } finally {
    writeFileSync(join(launcher.directory, "berth"), patcher);
  }
  expect(readFileSync(join(launcher.record, "served"), "utf8")).toBe("runtime mirror\n".repeat(3));
});
