import { describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { parseList } from "#support/fleet.ts";
import { capabilitiesOf, idsOf, ownerOnHost } from "#support/isolated.ts";
import {
  booted,
  failedUnits,
  inside,
  removeAll,
  removeContainers,
  runMachine,
  stateOf,
} from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { hybrid: { images: ["bookworm"] }, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") },
});
const first = 0x7000_0000;
const last = 0x7ffd_ffff;

describe.skipIf(!canHaveEngines)("what a machine may wish for (needs root)", () => {
  const log = async (view: string, id: string) =>
    (
      await node(view).run(
        "bash",
        "-c",
        `cat /run/{docker/containerd/daemon,containerd}/io.containerd.runtime.v2.task/moby/${id}/log.json 2>/dev/null || true`,
      )
    ).stdout;

  test("Debian 13; --cap-drop; 131072 ids with namespaces inside", async () => {
    const [hybrid, v2] = [node("hybrid"), node("v2")];
    await Promise.all([
      runMachine(hybrid, "dropped", "bookworm", "--cap-drop=NET_RAW", "--cap-drop=CAP_MKNOD"),
      runMachine(v2, "trixie", "trixie", "-e", "BERTH_IDS=131072"),
    ]);
    for (const [engine, name] of [
      [hybrid, "dropped"],
      [v2, "trixie"],
    ] as const) {
      expect(await booted(engine, name)).toBe("running");
      expect(await failedUnits(engine, name)).toBe("");
    }
    const dropped = BigInt(`0x${(await capabilitiesOf(hybrid, "dropped")).CapBnd}`);
    const unit = await capabilitiesOf(
      hybrid,
      "dropped",
      "systemd-run",
      "--quiet",
      "--pipe",
      "--wait",
      "--collect",
    );
    for (const bits of [dropped, BigInt(`0x${unit.CapBnd}`)]) {
      expect([13n, 27n, 12n].map((bit) => (bits >> bit) & 1n)).toEqual([0n, 0n, 1n]);
    }
    expect((await idsOf(v2, "trixie")).count).toBe(131_072);
    expect(await inside(v2, "trixie", "awk '{print $1, $3}' /proc/self/uid_map /proc/self/gid_map")).toBe(
      "0 131072\n0 131072",
    );
    // Namespaces in the machine get ids beyond those that its own programs use, as newuidmap(1) gives them
    // out.
    const nested = `
      unshare --user sleep 60 & child=$!
      until [ "$(readlink /proc/$child/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
      for map in uid_map gid_map; do echo "0 65536 65536" >/proc/$child/$map; done
      nsenter --user --target=$child --setuid=0 --setgid=0 touch /tmp/far
      nsenter --user --target=$child --setuid=65534 --setgid=0 touch /tmp/farther
      stat --format=%u:%g /tmp/far /tmp/farther
      kill $child`;
    expect(await inside(v2, "trixie", nested)).toBe("65536:65536\n131070:65536");
    expect(await ownerOnHost(v2, `/proc/${(await stateOf(v2, "trixie")).pid}/root/tmp/far`)).toBe(
      `${(await idsOf(v2, "trixie")).base + 65_536}:${(await idsOf(v2, "trixie")).base + 65_536}`,
    );
    await removeContainers(hybrid, "dropped");
    await removeContainers(v2, "trixie");
  });

  test.each([
    ["--network=host", "network"],
    ["--ipc=host", "ipc"],
    ["--uts=host", "uts"],
  ])("with %s it is strict, and the runtime's log says why", async (flag, namespace) => {
    const engine = node("hybrid");
    try {
      const id = await runMachine(engine, "sharer", "bookworm", flag);
      expect(await booted(engine, "sharer")).toBe("running");
      expect((await idsOf(engine, "sharer")).base).toBe(0);
      // Lines of JSON.
      expect(await log("hybrid", id)).toContain(
        `using profile \\"strict\\": profile \\"full\\" is not available on this host: the machine shares another's namespaces: ${namespace}`,
      );
    } finally {
      await removeContainers(engine, "sharer");
    }
  });

  test("--userns=host says nothing to an engine that maps no ids; --privileged means privileged", async () => {
    const engine = node("v2");
    await Promise.all([
      runMachine(engine, "mapped", "bookworm", "--userns=host"),
      runMachine(engine, "mighty", "bookworm", "--privileged"),
    ]);
    expect(await booted(engine, "mapped")).toBe("running");
    expect((await idsOf(engine, "mapped")).base).toBeWithin(first, last);
    expect(await booted(engine, "mighty")).toBe("running");
    expect(await idsOf(engine, "mighty")).toEqual({ base: 0, count: 4_294_967_295 });
    await removeContainers(engine, "mapped", "mighty");
  });

  test.each([
    [
      ["-e", "BERTH_PROFILE=full", "--network=host"],
      'profile "full" is not available on this host: the machine shares another\'s namespaces: network',
    ],
    [["-e", "BERTH_PROFILE=full", "--pid=host"], "the machine shares another's namespaces: pid"],
    [["-e", "BERTH_PROFILE=nonsense"], 'invalid BERTH_PROFILE "nonsense" (one of: strict, full, privileged)'],
    [
      ["-e", "BERTH_PROFILE=privileged"],
      "BERTH_PROFILE=privileged needs a privileged container; add --privileged",
    ],
    [["-e", "BERTH_IDS=1000"], 'invalid number of ids "1000"'],
  ])("docker run %p is refused with the reason, and leaves nothing", async (flags, reason) => {
    const engine = node("v2");
    const { status, stderr } = await engine.tryDocker(
      "run",
      "-d",
      "-t",
      "--runtime=berth",
      "--name",
      "refused",
      ...flags,
      "bookworm",
    );
    expect(status).toBe(125);
    expect(stderr).toContain(reason);
    const id = (await engine.docker("inspect", "--format", "{{.Id}}", "refused")).stdout.trim();
    await removeContainers(engine, "refused");
    expect((await engine.run("find", "/run/berth", "-name", `${id}*`)).stdout).toBe("");
  });

  test("a bind of the host's whole tree takes nothing from the host when it goes", async () => {
    const engine = node("v2");
    const mounts = async () =>
      (await engine.run("sh", "-c", "cut -d' ' -f5 /proc/self/mountinfo | sort")).stdout;
    await runMachine(engine, "other", "bookworm");
    expect(await booted(engine, "other")).toBe("running");
    const before = await mounts();
    await runMachine(engine, "seer", "bookworm", "--volume=/:/host:ro");
    expect(await booted(engine, "seer")).toBe("running");
    await removeContainers(engine, "seer");
    expect(await mounts()).toBe(before);
    expect(await inside(engine, "other", "systemctl is-system-running")).toBe("running");
    await removeContainers(engine, "other");
  });

  test("berth up --profile: strict has the host's ids, full and the default have their own", async () => {
    const engine = node("hybrid");
    const ups = await Promise.all(
      [["strict"], ["full"], []].map(([profile]) =>
        engine.berth([
          "up",
          `up-${profile ?? "default"}`,
          "--image=bookworm",
          ...(profile === undefined ? [] : [`--profile=${profile}`]),
        ]),
      ),
    );
    for (const { status, stderr } of ups) expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect((await idsOf(engine, "up-strict")).base).toBe(0);
    for (const name of ["up-full", "up-default"])
      expect((await idsOf(engine, name)).base).toBeWithin(first, last);
    expect(
      parseList<{ readonly name: string }>((await engine.berth("ls --json")).stdout)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["up-default", "up-full", "up-strict"]);
    const odd = await engine.berth("up odd --image bookworm --profile nonsense");
    expect(odd.status).toBe(2);
    expect(odd.stderr).toContain("--profile");
    await removeAll(engine);
  });
});
