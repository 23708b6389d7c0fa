import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";
import { slotBase } from "#oci/id-slots.ts";
import { runtimeExec } from "./exec.ts";

let state = "";
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "berth-exec-"));
  writeFileSync(join(state, "lacking"), "CAP_SYS_RESOURCE\nCAP_BPF\n");
});
afterEach(() => rmSync(state, { recursive: true }));

async function patched(text: string): Promise<string> {
  const process = join(state, "process.json");
  writeFileSync(process, text);
  await runtimeExec({ process, state, launcher: "/nowhere/berth-runtime" });
  return readFileSync(process, "utf8");
}

test("what the host lacks goes from every set of capabilities, and from nothing else", async () => {
  const sets = { bounding: ["CAP_CHOWN", "CAP_SYS_RESOURCE"], effective: ["CAP_BPF"], ambient: [] };
  const process = { args: ["echo", "CAP_SYS_RESOURCE"], env: ["A=CAP_BPF"], cwd: "/", capabilities: sets };
  expect(JSON.parse(await patched(JSON.stringify(process)))).toEqual({
    ...process,
    capabilities: { bounding: ["CAP_CHOWN"], effective: [], ambient: [] },
  });
});

test("what is for the runtime in the container's environment is not for the process", async () => {
  const env = ["A=1", "BERTH_PROFILE=full", "BERTH_IDS=", "oci-systemd-hook=", "container_uuid="];
  expect(JSON.parse(await patched(JSON.stringify({ env, capabilities: {} }))).env).toEqual(["A=1"]);
  expect(
    JSON.parse(await patched(JSON.stringify({ env: ["container_uuid=x"], capabilities: {} }))).env,
  ).toEqual(["container_uuid=x"]);
});

test("long integers stay as they are, and a process without capabilities is left alone", async () => {
  const rlimits =
    '"rlimits":[{"type":"RLIMIT_MEMLOCK","hard":18446744073709551615,"soft":18446744073709551615}]';
  expect(await patched(`{"capabilities":{"bounding":[]},${rlimits}}`)).toContain(rlimits);
  expect(await patched(`{ ${rlimits} }`)).toBe(`{ ${rlimits} }`);
});

test("where its first process got another SELinux label than the engine's, a command gets that one", async () => {
  const process = { args: ["true"], apparmorProfile: "docker-default", selinuxLabel: "a:b:container_t:s0" };
  expect(JSON.parse(await patched(JSON.stringify(process)))).toEqual(process);
  writeFileSync(join(state, "selinux"), "a:b:container_init_t:s0\n");
  const selinuxLabel = "a:b:container_init_t:s0";
  expect(JSON.parse(await patched(JSON.stringify(process)))).toEqual({ ...process, selinuxLabel });
});

test("a command gets the AppArmor profile of the machine's first process, whatever the engine sends", async () => {
  writeFileSync(join(state, "apparmor"), "unconfined\n");
  const process = { args: ["true"], apparmorProfile: "docker-default" };
  const apparmorProfile = "unconfined";
  expect(JSON.parse(await patched(JSON.stringify(process)))).toEqual({ ...process, apparmorProfile });
  expect(JSON.parse(await patched('{"args":[]}'))).toEqual({ args: [], apparmorProfile });
});

/** A machine that has ended, one whose number is another process's by now, and one that never got so far. */
test.each([
  ["999999999", "3 1"],
  [String(process.pid), "3 1"],
  [undefined, undefined],
])(
  "what an earlier start in a user namespace was granted is given to none in the host's (process %p)",
  async (pid, ids) => {
    writeFileSync(join(state, "capabilities"), "CAP_CHOWN\nCAP_SYS_ADMIN\n");
    for (const [name, text] of Object.entries({ pid, root: "/nonexistent", ids }))
      if (text !== undefined) writeFileSync(join(state, name), text);
    expect(
      JSON.parse(await patched('{"capabilities":{"bounding":["CAP_BPF","CAP_CHOWN"]}}')).capabilities,
    ).toEqual({
      bounding: ["CAP_CHOWN"],
    });
  },
);

describe.skipIf(!isRoot)("a command in a machine in a user namespace (needs root)", () => {
  const sets = {
    bounding: ["CAP_CHOWN"],
    effective: ["CAP_CHOWN"],
    permitted: [],
    inheritable: ["CAP_KILL"],
    ambient: [],
  };
  /**
   * The engine's overlay and, as the root of a process in a user namespace, another of the same layers; both
   * remember that there is no letter. The process has another file over its list, as machines have over
   * /etc/resolv.conf.
   */
  const machine = `
    mkdir -p /run/low /run/up /run/work /run/work2 /run/merged /run/own /run/state; touch /run/low/list
    mount -t overlay -o lowerdir=/run/low,upperdir=/run/up,workdir=/run/work overlay /run/merged
    mount -t overlay -o lowerdir=/run/low,upperdir=/run/up,workdir=/run/work2,index=off overlay /run/own
    mount --bind /etc/passwd /run/own/list
    for place in bin usr lib lib64 proc; do [ ! -e /$place ] || { mkdir -p /run/own/$place; mount --rbind /$place /run/own/$place; }; done
    unshare --user sleep 30 >/dev/null 2>&1 & holder=$!
    until [ "$(readlink /proc/$holder/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.02; done
    for map in uid_map gid_map; do echo "0 ${slotBase(3)} 65536" >/proc/$holder/$map; done
    mkdir /run/own/old
    unshare --mount --propagation private sh -c 'cd /run/own; pivot_root . old; exec chroot . sh -c "umount -l /old; exec nsenter --user=/proc/$0/ns/user sleep 30"' $holder >/dev/null 2>&1 & pid=$!
    until [ "$(cat /proc/$pid/comm)" = sleep ]; do sleep 0.02; done
    echo $pid >/run/state/pid; echo /run/merged >/run/state/root; echo $holder >/run/holder
    printf 'CAP_CHOWN\\nCAP_SYS_ADMIN\\nCAP_SYS_RESOURCE\\n' >/run/state/capabilities; echo CAP_SYS_RESOURCE >/run/state/lacking
    echo '${JSON.stringify({ args: ["ls"], capabilities: sets })}' >/run/process.json`;
  /**
   * What the state says of when the process began: nothing, as of old, what is true, or what was true of an
   * earlier one.
   */
  type Begun = "unknown" | "true" | "earlier";
  const program = (ids: string, begun: Begun) => `
    const { runtimeExec } = await import(${JSON.stringify(import.meta.resolve("./exec.ts"))});
    const { lastMountAt } = await import(${JSON.stringify(import.meta.resolve("#linux/mountinfo.ts"))});
    const mounted = () => lastMountAt(readFileSync("/proc/self/mountinfo", "utf8"), "/run/merged")?.type;
    const { existsSync, readFileSync, writeFileSync } = await import("node:fs");
    const pid = Number(readFileSync("/run/state/pid", "utf8"));
    const { startTime } = (await import(${JSON.stringify(import.meta.resolve("#host/process/process-stat.ts"))})).findProcess(pid);
    const begun = { unknown: "", true: startTime + "\\n", earlier: startTime - 1 + "\\n" }[${JSON.stringify(begun)}];
    writeFileSync("/run/state/pid", pid + "\\n" + begun);
    const letters = () => [existsSync("/run/merged/letter"), existsSync("/run/own/letter")];
    writeFileSync("/run/state/ids", ${JSON.stringify(ids)});
    const before = letters();
    for (const file of ["letter", "list"]) writeFileSync("/run/merged/" + file, "dear");
    try {
      await runtimeExec({ process: "/run/process.json", state: "/run/state", launcher: "/nowhere/berth-runtime" });
      const capabilities = JSON.parse(readFileSync("/run/process.json", "utf8")).capabilities;
      writeFileSync("/run/merged/list", "yours");
      return { letters: [before, letters()], mounted: mounted(), capabilities };
    } finally {
      process.kill(pid);
      process.kill(Number(readFileSync("/run/holder", "utf8")));
    }`;

  test.each(["unknown", "true"] as const)(
    "sees what was brought to a machine of before mirrors, which goes on as it was, and has the machine's capabilities in every set that it has of its own (start %s)",
    async (begun) => {
      const granted = ["CAP_CHOWN", "CAP_SYS_ADMIN"];
      expect<unknown>(await inMounts(program("3 1\n", begun), machine)).toEqual({
        letters: [
          [false, false],
          [true, true],
        ],
        mounted: "overlay",
        // The host's lack comes last.
        capabilities: {
          bounding: granted,
          effective: granted,
          permitted: granted,
          inheritable: ["CAP_KILL"],
          ambient: [],
        },
      });
    },
  );

  test.each([
    ["has other ids", "5 1", "unknown"],
    ["has its ids, but began later", "3 1", "earlier"],
  ] as const)(
    "is not touched where the process is not the machine's any more: it %s",
    async (_, ids, begun) => {
      expect<unknown>(await inMounts(program(`${ids}\\n`, begun), machine)).toEqual({
        letters: [
          [false, false],
          [true, false],
        ],
        mounted: "overlay",
        capabilities: sets,
      });
    },
  );
});
