import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { clean, containers } from "#support/fleet.ts";
import { idsOf } from "#support/isolated.ts";
import { booted, failedUnits, runMachine } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { createService, removeService, runningTask } from "#support/service.ts";
import { loadLoader } from "#support/swarm.ts";
import { isVmHost } from "#support/vm-host.ts";

const guests = {
  bookworm: () => labImage("bookworm"),
  trixie: () => labImage("trixie"),
  sid: () => labImage("sid"),
} as const;
const node = useNodes({ nodes: { host: {} }, images: guests });
const profiles = ["full", "strict"] as const;
const combinations = Object.keys(guests).flatMap((guest) =>
  profiles.map((profile) => [guest as keyof typeof guests, profile] as const),
);

describe.skipIf(!isVmHost)("guests on a host that people have (needs the VM's host)", () => {
  const host = () => node("host");
  const expectRunning = async (name: string, profile: string) => {
    expect(await booted(host(), name)).toBe("running");
    expect(await failedUnits(host(), name)).toBe("");
    expect((await idsOf(host(), name)).base === 0).toBe(profile === "strict");
  };

  describe("by itself", () => {
    afterEach(() => clean(host()));

    test.each(combinations)("docker run boots %s, %s", async (guest, profile) => {
      await runMachine(host(), "box", guest, "-e", `BERTH_PROFILE=${profile}`);
      await expectRunning("box", profile);
    });

    test.each(combinations)("berth up boots %s, %s", async (guest, profile) => {
      const up = await host().berth(`up box --image ${guest} --profile ${profile} --wait-timeout 20m`);
      expect([up.status, up.stderr]).toEqual([0, expect.any(String)]);
      await expectRunning("box", profile);
    });
  });

  describe("on a swarm of this host alone", () => {
    let directory = "";
    beforeAll(async () => {
      if (!isVmHost) return;
      directory = await mkdtemp("/var/tmp/berth-roots-");
      // What a user without a network has: the address that is always there.
      await host().docker("swarm", "init", "--advertise-addr", "127.0.0.1");
      await loadLoader([host()]);
    }, patient(60_000));
    afterAll(async () => {
      if (!isVmHost) return;
      await host().docker("swarm", "leave", "--force");
      await rm(directory, { recursive: true });
    }, patient(60_000));

    test.each(combinations)(
      "the loader boots %s, %s",
      async (guest, profile) => {
        const folder = join(directory, guest, "root");
        await mkdir(folder, { recursive: true });
        await run("tar", ["-xf", await guests[guest](), "-C", folder, "-p", "--numeric-owner"]);
        await host().docker("network", "create", "--driver", "overlay", "--attachable", "application");
        const labels = { "berth.loader.root": folder, "berth.loader.profile": profile };
        await createService(host(), "box", { labels });
        try {
          await expectRunning((await runningTask(host(), "box")).machine, profile);
        } finally {
          await removeService(host(), "box");
          await waitFor("the loader has removed its machine", async () =>
            (await containers(host())).size === 0 ? true : undefined,
          );
          // The swarm has an endpoint of its own in it, which goes a moment later.
          await waitFor("the network is free", async () => {
            const { status } = await host().tryDocker("network", "rm", "application");
            return status === 0 ? true : undefined;
          });
          await rm(join(directory, guest), { recursive: true });
        }
      },
      patient(180_000),
    );
  });
});
