import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { clean, containers } from "#support/fleet.ts";
import { booted } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { besides } from "#support/service.ts";
import { extractRoot, loaderImage, loadLoader } from "#support/swarm.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("containers that only look like a loader's (needs root)", () => {
  const folders = new Map<string, string>();
  beforeAll(async () => {
    await loadLoader(views.map(node));
    for (const view of views) {
      for (const name of ["first", "second"]) {
        folders.set(
          `${view} ${name}`,
          await extractRoot(node(view), `${view}-${name}`, await labImage("bookworm")),
        );
      }
    }
  }, 180_000);
  afterEach(async () => {
    for (const view of views) await clean(node(view));
  });

  const folderOf = (view: string, name: string) => folders.get(`${view} ${name}`) ?? "";
  const load = async (engine: Node, name: string, folder: string) => {
    const socket = `--volume=${engine.socket.slice("unix://".length)}:/var/run/docker.sock`;
    await engine.docker(
      "run",
      "--detach",
      "--name",
      name,
      socket,
      `--label=berth.loader.root=${folder}`,
      loaderImage,
    );
    await waitFor(`${name}'s machine is there`, async () => (await containers(engine)).get(`${name}.app`));
    expect(await booted(engine, `${name}.app`)).toBe("running");
  };

  test.each(views)("on %s they stay when a guard removes what a lost loader has left", async (view) => {
    const engine = node(view);
    await load(engine, "first", folderOf(view, "first"));
    await engine.docker("commit", "first.app", "backup");
    await engine.docker("commit", "first.guard", "backup-guard");
    // As a power failure would: the machine runs on, and nobody is there for it. Both end at once, since either
    // would see the other's end.
    await engine.docker("update", "--restart=no", "first.guard");
    const pids = await engine.docker("inspect", "--format", "{{.State.Pid}}", "first.guard", "first");
    await engine.run("kill", "-KILL", ...pids.stdout.trim().split("\n"));
    await engine.docker("rm", "--force", "first.guard", "first");
    await engine.docker("create", "--name", "mail.app", "backup");
    await engine.docker("create", "--name", "shop", "backup");
    await engine.docker("create", "--name", "old.guard", "backup-guard");
    const sleeps = ["--runtime=runc", "--entrypoint=sleep"] as const;
    for (const name of ["shop.guard", "first.guard"]) {
      await engine.docker("run", "--detach", "--name", name, ...sleeps, "bookworm", "600");
    }
    await engine.docker(
      "commit",
      "--change",
      `LABEL berth.loader=${"0".repeat(64)}`,
      "shop.guard",
      "authored",
    );
    await engine.docker("run", "--detach", "--name", "mail", ...sleeps, "authored", "600");
    await engine.docker(
      "commit",
      "--change",
      `LABEL berth.guard=${"0".repeat(64)}`,
      "shop.guard",
      "authored-guard",
    );
    for (const name of ["precious", "precious.guard"]) {
      await engine.docker(
        "create",
        "--name",
        name,
        "--network=host",
        "--volume=/anonymous",
        ...sleeps,
        "authored-guard",
        "600",
      );
    }
    const before = await containers(engine);
    const left = before.get("first.app");

    await load(engine, "second", folderOf(view, "second"));
    await waitFor("the lost machine is gone", async () =>
      [...(await containers(engine)).values()].some(({ id }) => id === left?.id) ? undefined : true,
    );
    const after = await containers(engine);
    for (const name of [
      "mail.app",
      "shop",
      "old.guard",
      "shop.guard",
      "first.guard",
      "mail",
      "precious",
      "precious.guard",
    ]) {
      expect([name, after.get(name)]).toEqual([name, before.get(name)]);
    }
    await engine.docker("stop", "--time=60", "second");
    await waitFor("nothing is left of the second", async () =>
      (await containers(engine)).has("second.guard") ? undefined : true,
    );
    expect([...(await containers(engine)).keys()].toSorted()).toEqual(
      [
        "first.guard",
        "mail",
        "mail.app",
        "old.guard",
        "precious",
        "precious.guard",
        "second",
        "shop",
        "shop.guard",
      ].toSorted(),
    );
    expect(await besides(folderOf(view, "second"))).toEqual([]);
  });
});
