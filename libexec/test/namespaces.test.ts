import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asRoot, patcher, startOf, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { bundleOf, call, stateOf } = launcher;

describe.skipIf(!asRoot)("a machine in another container's network (needs root)", () => {
  let owner: ChildProcess | undefined;
  let network = "";
  beforeAll(async () => {
    // A machine gives its init any name.
    const odd = join(launcher.directory, "x) Z (1\n) 2 3");
    copyFileSync("/bin/sleep", odd);
    owner = spawn("unshare", ["--net", "sh", "-c", 'echo ready; exec "$0" 600', odd], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (owner.stdout) await once(owner.stdout, "data");
    network = readlinkSync(`/proc/${owner.pid}/ns/net`);
  });
  afterAll(() => {
    owner?.kill("SIGKILL");
  });
  const stateIn = (id: string) => {
    const state = stateOf("/r/net", id);
    writeFileSync(join(state, "network"), `/proc/${owner?.pid}/ns/net\n`);
    writeFileSync(join(state, "pid"), `${owner?.pid}\n`);
    writeFileSync(join(state, "ids"), "3 1\n");
    return state;
  };
  const env = { DO: 'readlink /proc/self/ns/net >"$REC/real.network"' };
  const real = (words: readonly string[]) => {
    const result = call({ words: ["--root", "/r/net", ...words], env });
    expect(result).toMatchObject({ status: 0, stderr: "", real: ["--root", "/r/net", ...words] });
    return readFileSync(join(launcher.record, "real.network"), "utf8").trim();
  };

  test("its runtime makes it there, and runs its commands there", () => {
    stateIn("box");
    expect(real(["create", "-b", bundleOf(["/sbin/init"]), "box"])).toBe(network);
    expect(real(["exec", "--process", "/p/x", "box"])).toBe(network);
  });

  test("and does all else where it is, as with other machines", () => {
    stateIn("box");
    const own = readlinkSync("/proc/self/ns/net");
    for (const words of [
      ["state", "box"],
      ["start", "box"],
      ["kill", "box", "9"],
    ])
      expect(real(words)).toBe(own);
    stateOf("/r/net", "other");
    expect(real(["create", "-b", bundleOf(["/sbin/init"]), "other"])).toBe(own);
    expect(real(["exec", "other", "ls"])).toBe(own);
  });

  test("a command for a machine whose number another process has by now is the real runtime's to refuse; one of before starts were written down runs", () => {
    const state = stateIn("again");
    for (const [begun, where] of [
      [startOf(owner), network],
      ["1", readlinkSync("/proc/self/ns/net")],
      ["", network],
    ] as const) {
      writeFileSync(join(state, "pid"), `${owner?.pid}\n${begun}\n`);
      expect(real(["exec", "again", "ls"])).toBe(where);
    }
  });

  test("a command for a machine that has ended is the real runtime's to refuse", () => {
    writeFileSync(join(stateIn("ended"), "pid"), "999999999\n");
    expect(real(["exec", "ended", "ls"])).toBe(readlinkSync("/proc/self/ns/net"));
  });
});

describe.skipIf(!asRoot)("the mount namespace of a machine's runtime (needs root)", () => {
  const engine = () => readlinkSync(`/proc/${launcher.holder}/ns/mnt`);
  /**
   * Where berth and the real runtime were, and whether the latter was left a descriptor of the engine's
   * namespace.
   */
  const seen = (isIsolated: boolean, args: readonly string[] = ["/sbin/init"]) => {
    const state = stateOf("/r/staged", "box");
    if (isIsolated) writeFileSync(join(state, "ids"), "3 1\n");
    const note =
      'readlink /proc/self/ns/mnt >"$REC/real.mounts"; pwd >"$REC/real.directory"; ls -l /proc/$$/fd >"$REC/real.descriptors"';
    const bundle = bundleOf(args);
    const result = call({
      words: ["--root", "/r/staged", "create", "-b", bundle, "box"],
      env: { DO: note },
      cwd: bundle,
    });
    rmSync(state, { recursive: true });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const read = (name: string) => readFileSync(join(launcher.record, name), "utf8").trim();
    return {
      berth: result.berth,
      mounts: read("real.mounts"),
      directory: read("real.directory"),
      descriptors: read("real.descriptors"),
      bundle,
    };
  };

  test("is one of its own for a machine in a user namespace, which no descriptor leads out of", () => {
    const { berth, mounts, directory, descriptors, bundle } = seen(true);
    expect(berth).toContain("--outer");
    expect(mounts).toStartWith("mnt:");
    expect(mounts).not.toBe(engine());
    expect(directory).toBe(bundle);
    expect(descriptors).not.toContain("mnt:");
  });

  test("is the engine's for another, which begins in the same directory", () => {
    const { mounts, directory, descriptors, bundle } = seen(false);
    expect(mounts).toBe(engine());
    expect(directory).toBe(bundle);
    expect(descriptors).not.toContain("mnt:");
  });

  test("what is mounted there is seen nowhere else", () => {
    const text = patcher.replace(
      "exit ",
      "mkdir -p /run/inner; mount -t tmpfs x /run/inner; grep -c /run/inner /proc/self/mountinfo >$REC/inner; exit ",
    );
    writeFileSync(join(launcher.directory, "berth"), text);
    try {
      seen(true);
    } finally {
      writeFileSync(join(launcher.directory, "berth"), patcher);
    }
    expect(readFileSync(join(launcher.record, "inner"), "utf8")).toBe("1\n");
    expect(readFileSync(`/proc/${launcher.holder}/mountinfo`, "utf8")).not.toContain("/run/inner");
  });

  test("a descriptor of the engine's own is not taken for it", () => {
    stateOf("/r/staged", "box");
    const words = ["--root", "/r/staged", "create", "-b", bundleOf(["/sbin/init"]), "box"];
    const { berth, status } = call({ words, before: "exec 3</dev/null 4</dev/null 6</dev/null" });
    expect(status).toBe(0);
    expect(berth?.[(berth?.indexOf("--outer") ?? 0) + 1]).toBe("5");
  });
});
