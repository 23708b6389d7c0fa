import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { run } from "#host/process/run.ts";
import { labMailRoot } from "#lab/lab-image.ts";
import { failedUnits, inside } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { greeting, perl } from "#support/perl.ts";
import { besides, cleanedUp, runningTask, tracesOn } from "#support/service.ts";
import { extractRoot, loaderImage, showFolder, useSwarm } from "#support/swarm.ts";

const example = resolve(import.meta.dir, "../../../examples/mail-on-swarm");
const lab = useSwarm({ nodes: { manager: { runtime: false }, server1: {} }, images: {} });
const manager = () => lab.node("manager");
const server = () => lab.node("server1");

describe.skipIf(!canHaveEngines)(
  "the example mail-on-swarm, with the root that its make-root makes (needs root)",
  () => {
    let folder: string;
    let before: readonly string[];
    beforeAll(async () => {
      folder = await extractRoot(server(), "mail", await labMailRoot());
      await showFolder(server(), folder, "/srv/mail");
      // Under the name that a deployment takes by itself.
      const { status, stderr } = await server().berth("loader image");
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      before = await tracesOn(server());
    }, 300_000);
    afterEach(async () => {
      await cleanedUp(server(), before);
      expect(await besides(folder)).toEqual([]);
    }, 60_000);

    const serves = async () => {
      const task = await runningTask(manager(), "mail");
      expect(task.node).toBe("server1");
      expect(await failedUnits(server(), task.machine)).toBe("");
      expect(await inside(server(), task.machine, "hostname")).toBe("mail.example.com");
      for (const [port, words] of [
        ["25", /^220 mail\.example\.com ESMTP/],
        ["143", /^\* OK .*Dovecot/],
      ] as const) {
        const { stdout } = await lab.client().run(...perl(greeting, server().address ?? "", port));
        expect([port, stdout]).toEqual([port, expect.stringMatching(words)]);
      }
    };

    test("is deployed by its berth.yaml, and removed again", async () => {
      const deployed = await manager().berth("deploy", { cwd: example });
      expect([deployed.status, deployed.stderr]).toEqual([0, expect.any(String)]);
      await serves();
      expect((await manager().berth("deploy --rm mail", { cwd: example })).status).toBe(0);
    });

    test("is created by its service-create", async () => {
      const env = { ...process.env, DOCKER_HOST: manager().socket, BERTH_LOADER: loaderImage };
      // The client waits until the service is there, as it does for a person.
      await run(resolve(example, "service-create"), ["server1"], { env });
      await serves();
      await manager().docker("service", "rm", "mail");
    });
  },
);
