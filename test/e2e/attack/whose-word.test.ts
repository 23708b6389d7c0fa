import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { labImage } from "#lab/lab-image.ts";
import { capabilities as known } from "#linux/capability.ts";
import { capabilitiesOf, idsOf } from "#support/isolated.ts";
import { booted, inside, removeAll, removeContainers, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
const [first, last] = [0x7000_0000, 0x7ffd_ffff];

/** Makes an image of bookworm after a script, with changes of the Dockerfile's kind. */
async function commit(
  { docker }: Node,
  image: string,
  script: string,
  ...changes: readonly string[]
): Promise<void> {
  await docker("run", "--name", "made", "bookworm", "sh", "-c", script);
  const flags = [`CMD ["/sbin/init"]`, ...changes].flatMap((change) => ["--change", change]);
  await docker("commit", ...flags, "made", image);
  await docker("rm", "made");
}

/**
 * Loads an image of bookworm's layer, which the engine has, with these members in its JSON, written just so.
 */
async function author({ docker }: Node, image: string, members: string): Promise<void> {
  const layers = (await docker("inspect", "--format", "{{json .RootFS.Layers}}", "bookworm")).stdout.trim();
  const text = `{"architecture":"amd64","os":"linux",${members},"rootfs":{"type":"layers","diff_ids":${layers}}}`;
  const name = `${createHash("sha256").update(text).digest("hex")}.json`;
  const directory = await mkdtemp(join(tmpdir(), "berth-author-"));
  try {
    const archive = pack();
    archive.entry({ name }, text);
    archive.entry(
      { name: "manifest.json" },
      JSON.stringify([{ Config: name, RepoTags: [`${image}:latest`], Layers: ["layer.tar"] }]),
    );
    archive.finalize();
    await pipeline(archive, createWriteStream(join(directory, "image.tar")));
    await docker("load", "--quiet", "--input", join(directory, "image.tar"));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const refusal = async (engine: Node, ...flags: readonly string[]) => {
  const { status, stderr } = await engine.tryDocker(
    "run",
    "-d",
    "-t",
    "--runtime=berth",
    "--name=refused",
    ...flags,
    "bookworm",
  );
  await removeContainers(engine, "refused");
  return [status, stderr] as const;
};

const namesIn = (mask = "") =>
  known.filter((_, bit) => ((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n).toSorted();

describe.skipIf(!canHaveEngines)("who decides over a machine's confinement (needs root)", () => {
  afterEach(async () => {
    for (const view of views) await removeAll(node(view));
  });

  test.each(views)(
    "on %s an image's environment asks nothing of the runtime, and the user's own word counts",
    async (view) => {
      const engine = node(view);
      const wishes = [
        "BERTH_PROFILE=strict",
        "BERTH_IDS=4194304",
        "BERTH_HOSTNAME=evil",
        "BERTH_RUNTIME=disabled",
        "BERTH_LXCFS=1",
      ];
      const uuid = "container_uuid=11111111-1111-4111-8111-111111111111";
      await commit(engine, "wishful", "true", ...[...wishes, uuid].map((entry) => `ENV ${entry}`));
      const id = (await engine.docker("inspect", "--format", "{{.Id}}", "wishful")).stdout.trim();
      await Promise.all([
        runMachine(engine, "one", "wishful"),
        runMachine(engine, "two", "wishful"),
        runMachine(
          engine,
          "own",
          "wishful",
          `--env=BERTH_IMAGE=${id}`,
          "--env=BERTH_IDS=",
          "--env=BERTH_LXCFS=",
          "--env=BERTH_RUNTIME=",
        ),
      ]);
      const ups = [
        await engine.berth("up plain --image wishful"),
        await engine.berth("up strict --image wishful --profile strict"),
      ];
      for (const { status, stderr } of ups) expect([status, stderr]).toEqual([0, expect.any(String)]);
      for (const name of ["one", "two", "plain"]) {
        expect(await booted(engine, name)).toBe("running");
        const { base, count } = await idsOf(engine, name);
        expect([base >= first && base <= last, count]).toEqual([true, 65_536]);
        expect(await inside(engine, name, "hostname; env | grep -c BERTH_ || true")).not.toContain("evil");
      }
      const machineIds = await Promise.all(
        ["one", "two", "plain"].map((name) => inside(engine, name, "cat /etc/machine-id")),
      );
      expect(new Set(machineIds).size).toBe(3);
      expect(machineIds.join()).not.toContain("1111111111114111");
      for (const name of ["own", "strict"]) expect((await idsOf(engine, name)).base).toBe(0);
      expect(await booted(engine, "own")).toBe("running");
      expect(await inside(engine, "own", "hostname; cat /etc/machine-id")).toBe(
        "evil\n11111111111141118111111111111111",
      );
    },
  );

  test.each(views)(
    "on %s an image's environment asks nothing either where its JSON is odd, and the engine finds it all the same",
    async (view) => {
      const engine = node(view);
      const wishes = '["BERTH_PROFILE=strict","BERTH_IDS=4194304","PATH=/usr/sbin:/usr/bin:/sbin:/bin"]';
      const images = {
        twice: `"config":{"Cmd":["/sbin/init"],"Env":${wishes}},"config":{"Labels":{"a":"b"}}`,
        "other-case": `"config":{"Cmd":["/sbin/init"],"Env":[],"env":${wishes.replace("=s", String.raw`\u003ds`)}}`,
        "case-above": `"Config":{"Cmd":["/sbin/init"],"eNV":${wishes}}`,
      };
      for (const [image, members] of Object.entries(images)) {
        await author(engine, image, members);
        expect((await engine.docker("create", "--name=look", image)).status).toBe(0);
        expect((await engine.docker("inspect", "--format", "{{.Config.Env}}", "look")).stdout).toContain(
          "BERTH_PROFILE=strict BERTH_IDS=4194304",
        );
        await removeContainers(engine, "look");
        await runMachine(engine, "one", image);
        expect(await booted(engine, "one")).toMatch(/^(running|degraded)$/);
        const { base, count } = await idsOf(engine, "one");
        expect([image, base >= first && base <= last, count]).toEqual([image, true, 65_536]);
        await removeContainers(engine, "one");
      }
    },
  );

  test.each(views)(
    "on %s with the image removed by force nothing counts that nobody vouches for, and the start says so",
    async (view) => {
      const engine = node(view);
      const members =
        '"config":{"Cmd":["/sbin/init"],"Env":["BERTH_PROFILE=strict","PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}';
      await author(engine, "wishful", members);
      const id = (await engine.docker("inspect", "--format", "{{.Id}}", "wishful")).stdout.trim();
      await Promise.all([
        runMachine(engine, "one", "wishful"),
        runMachine(engine, "two", "wishful", "--env=BERTH_PROFILE="),
        runMachine(engine, "own", "wishful", `--env=BERTH_IMAGE=${id}`),
      ]);
      expect((await engine.berth("up plain --image wishful")).status).toBe(0);
      await engine.docker("stop", "one", "two", "own", "plain");
      await engine.docker("rmi", "--force", "wishful");
      expect((await engine.tryDocker("inspect", "wishful")).status).toBe(1);
      const { status, stderr } = await engine.tryDocker("start", "one");
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining(
          "cannot tell whether you or the image set BERTH_PROFILE=strict: the image of this container is gone",
        ),
      ]);
      expect(stderr).toContain(`pull, load or build the image ${id} again`);
      await engine.docker("start", "two", "own", "plain");
      for (const name of ["two", "plain"]) expect((await idsOf(engine, name)).base).toBeWithin(first, last);
      expect((await idsOf(engine, "own")).base).toBe(0);
      await author(engine, "wishful", members);
      await engine.docker("start", "one");
      expect((await idsOf(engine, "one")).base).toBeWithin(first, last);
    },
  );

  test.each(views)(
    "on %s what the user drops is gone, of full's own set too, and commands do not have it either",
    async (view) => {
      const engine = node(view);
      const added = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"];
      await Promise.all([
        runMachine(
          engine,
          "some",
          "bookworm",
          "--cap-drop=SYS_ADMIN",
          "--cap-drop=net_admin",
          "--cap-drop=CAP_MKNOD",
        ),
        runMachine(engine, "few", "bookworm", "--cap-drop=ALL", ...added.map((name) => `--cap-add=${name}`)),
      ]);
      for (const name of ["some", "few"]) {
        expect(await booted(engine, name)).toMatch(/^(running|degraded)$/);
        expect((await idsOf(engine, name)).base).toBeWithin(first, last);
        const init = await inside(engine, name, "sed -n 's/^CapBnd:.//p' /proc/1/status");
        const { CapEff, CapBnd } = await capabilitiesOf(engine, name);
        expect([CapEff, CapBnd]).toEqual([init, init]);
      }
      const some = namesIn((await capabilitiesOf(engine, "some")).CapBnd);
      for (const name of ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_MKNOD"] as const)
        expect(some).not.toContain(name);
      expect(some).toContain("CAP_SYS_PTRACE");
      expect<readonly string[]>(namesIn((await capabilitiesOf(engine, "few")).CapBnd)).toEqual(
        added.map((name) => `CAP_${name}`),
      );
      expect(await engine.tryDocker("exec", "some", "mount", "-t", "tmpfs", "none", "/mnt")).toMatchObject({
        status: 32,
        stderr: expect.stringContaining("permission denied"),
      });
    },
  );

  test.each([
    [["--cap-drop=ALL"], "--cap-drop=ALL leaves the init without capabilities"],
    [["--cap-drop=ALL", "-e", "BERTH_PROFILE=strict"], "leaves the init without capabilities"],
    [["--user=1000"], "invalid user 1000 for an init (must be root); omit --user"],
  ])("docker run %p is refused with the reason", async (flags, reason) => {
    expect(await refusal(node("v2"), ...flags)).toEqual([125, expect.stringContaining(reason)]);
  });

  test.each(views)(
    "on %s what the user's seccomp profile refuses stays refused, and the machine keeps its namespace",
    async (view) => {
      const engine = node(view);
      const directory = await mkdtemp(join(tmpdir(), "berth-seccomp-"));
      try {
        const file = join(directory, "profile.json");
        const rule = { names: ["unshare", "mount", "openat2"], action: "SCMP_ACT_ERRNO" };
        await writeFile(file, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }));
        await runMachine(engine, "one", "bookworm", `--security-opt=seccomp=${file}`);
        expect(await booted(engine, "one")).toMatch(/^(running|degraded)$/);
        expect((await idsOf(engine, "one")).base).toBeWithin(first, last);
        for (const command of ["unshare --user true", "mount -t tmpfs none /mnt"]) {
          expect((await engine.tryDocker("exec", "one", "sh", "-c", command)).stderr).toMatch(
            /not permitted|denied|must be superuser/,
          );
        }
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  );

  test.each(views)("on %s a read-only root is read-only by whatever mount", async (view) => {
    const engine = node(view);
    await runMachine(engine, "one", "bookworm", "--read-only", "--tmpfs=/var/log");
    expect(await booted(engine, "one")).toMatch(/^(running|degraded)$/);
    expect((await idsOf(engine, "one")).base).toBeGreaterThanOrEqual(first);
    for (const mount of [
      "true",
      "mount -o remount,bind,rw,nodev /",
      "mkdir /tmp/root && mount --bind / /tmp/root && cd /tmp/root",
    ]) {
      const { status, stderr } = await engine.tryDocker(
        "exec",
        "one",
        "sh",
        "-c",
        `${mount}; touch ./written /written && echo wrote`,
      );
      expect([mount, status]).toEqual([mount, 1]);
      expect(stderr).toContain("Read-only file system");
    }
    expect(await inside(engine, "one", "touch /tmp/file /var/log/file && echo writes")).toBe("writes");
  });

  test.each(views)("on %s a script that is named systemd has what it has by runc", async (view) => {
    const engine = node(view);
    const script =
      "mkdir /x && printf '#!/bin/sh\\nexec sleep 600\\n' >/x/systemd && chmod 755 /x/systemd && cp /bin/sleep /x/init";
    await commit(engine, "pretender", script);
    for (const command of [["/x/systemd"], ["/x/init", "600"]]) {
      const seen = [];
      for (const runtime of ["berth", "runc"]) {
        await engine.docker("run", "-d", "--name=one", `--runtime=${runtime}`, "pretender", ...command);
        seen.push([await capabilitiesOf(engine, "one"), (await idsOf(engine, "one")).base]);
        await removeContainers(engine, "one");
      }
      expect(seen[0]).toEqual(seen[1]);
    }
  });

  test.each(views)(
    "on %s what an earlier start was granted is nobody's, whatever the container runs by then",
    async (view) => {
      const engine = node(view);
      const id = await runMachine(engine, "one", "bookworm");
      expect(await booted(engine, "one")).toBe("running");
      const state = (await engine.run("find", "/run/berth/runtime", "-name", id)).stdout.trim();
      await engine.run("cp", "-a", state, "/run/kept");
      await inside(
        engine,
        "one",
        "printf '#!/bin/sh\\nexec sleep 600\\n' >/opt/other; chmod 755 /opt/other; ln -sf /opt/other /sbin/init",
      );
      await engine.docker("stop", "one");
      // As an engine that was killed leaves it.
      await engine.run("cp", "-a", "/run/kept", state);
      await engine.run("rm", "-r", "/run/kept");
      await engine.docker("start", "one");
      const { pid } = await stateOf(engine, "one");
      const { CapEff } = await capabilitiesOf(engine, "one");
      expect(CapEff).toBe(
        (await engine.run("sed", "-n", "s/^CapEff:.//p", `/proc/${pid}/status`)).stdout.trim(),
      );
      expect((await engine.run("find", "/run/berth/runtime", "-name", id)).stdout).toBe("");
    },
  );
});
