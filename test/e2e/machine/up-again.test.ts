import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import type { RunResult } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { label } from "#labels/machine.ts";
import { addresses, clean, containers, networks, parseList } from "#support/fleet.ts";

import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { berthThrough } from "#support/through-proxy.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });

/** What `up` has said when it is interrupted. */
const moments = ["preparing", "creating", "starting", "booting", "running"];
const three = ["up", "aa", "bb", "cc", "--image", "bookworm"];

describe.skipIf(!canHaveEngines)("berth up, disturbed (needs root)", () => {
  afterEach(() => clean(node("one")));

  test("two at once for the same machines make each once", async () => {
    const both = await Promise.all([0, 1].map(() => node("one").berth([...three, "--json"])));
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    const actions = both.map(({ stdout }) =>
      parseList(stdout).map(({ action, state }) => `${action} ${state}`),
    );
    expect(actions.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ["created running", "created running", "created running"],
      expect.arrayContaining([expect.stringMatching(/^(kept|started) running$/)]),
    ]);
    expect((await containers(node("one"))).size).toBe(3);
  });

  test("four at once for different machines give no address twice, and one network", async () => {
    const all = await Promise.all(
      ["aa", "bb", "cc", "dd"].map((name) => node("one").berth(["up", name, "--image", "bookworm"])),
    );
    expect(all.map(({ status, stderr }) => (status === 0 ? "" : stderr))).toEqual(["", "", "", ""]);
    expect(new Set(await addresses(node("one"))).size).toBe(4);
    expect(await networks(node("one"))).toEqual(["berth.internal"]);
  });

  test.each(
    moments.flatMap((moment) =>
      (["SIGINT", "SIGTERM", "SIGKILL"] as const).map((signal) => [signal, moment] as const),
    ),
  )("%s while it is %s leaves whole machines, and the next up finishes", async (signal, moment) => {
    const running = node("one").startBerth(three);
    await waitFor(`up is ${moment}`, async () =>
      running.stderr().includes(`: ${moment}`) ? true : undefined,
    );
    running.kill(signal);
    const { status, stderr } = await running.ended;
    // It may have been done already.
    if (signal !== "SIGKILL" && status !== 0)
      expect([status, stderr]).toEqual([130, expect.not.stringContaining("bug in berth")]);
    const { status: next, stdout } = await node("one").berth([...three, "--json"]);
    expect([next, next === 0 ? "" : stdout]).toEqual([0, ""]);
    expect(parseList(stdout).map(({ name, state }) => `${name} ${state}`)).toEqual([
      "aa running",
      "bb running",
      "cc running",
    ]);
    expect([...(await containers(node("one"))).keys()].toSorted()).toEqual(["aa", "bb", "cc"]);
    expect(new Set(await addresses(node("one"))).size).toBe(3);
    expect(
      readdirSync(dirname(node("one").socket.slice("unix://".length))).filter((file) =>
        file.includes("lock"),
      ),
    ).toEqual([]);
  });

  // As one that was killed may have asked for it a moment before.
  test("where a network of another subnet comes in between, addresses are planned anew, in that", async () => {
    const { status, stdout, stderr } = await berthThrough(node("one"), [...three, "--json"], async (call) => {
      const marks = ["--label", `${label.network}=berth.internal`, "--subnet", "172.29.77.0/24"];
      if (call === "POST /networks/create")
        await node("one").docker("network", "create", ...marks, "berth.internal");
    });
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(parseList(stdout).map(({ address }) => address)).toEqual([
      "172.29.77.2",
      "172.29.77.3",
      "172.29.77.4",
    ]);
  });

  // The engine copies what the image has there into a new volume: a create that takes a while, as any does on
  // a busy host.
  const slow = ["up", "aa", "--image", "bookworm", "--volume", "big:/usr", "--json"];
  const isListed = async () => ((await containers(node("one"))).has("aa") ? true : undefined);

  test("what the engine still makes for one that was killed is waited for, and started", async () => {
    const running = node("one").startBerth(slow);
    await waitFor("the engine shows it", isListed);
    running.kill("SIGKILL");
    await running.ended;
    // Newer engines show it when it is whole, so that it may have been started, too.
    const { status, stdout } = await node("one").berth(slow);
    expect([
      status,
      parseList(stdout).map(({ action, state, address, error }) => error ?? [action, state, address]),
    ]).toEqual([0, [[expect.stringMatching(/^(started|kept)$/), "running", "10.72.0.2"]]]);
  });

  test("made for one that was killed, in the midst of a create, it is taken as it is", async () => {
    const marks = [`${label.machine}=aa`, `${label.network}=berth.internal`, `${label.project}=`].flatMap(
      (mark) => ["--label", mark],
    );
    const flags =
      "--name aa --runtime berth --tty --network berth.internal --ip 10.72.0.7 --volume big:/usr".split(" ");
    let killed: Promise<unknown> | undefined;
    const { status, stdout } = await berthThrough(node("one"), slow, async (call) => {
      // Whoever took it for a failure of its own would remove it when it is whole.
      if (call.startsWith("DELETE ")) await killed;
      if (call !== "POST /containers/create" || killed !== undefined) return;
      killed = node("one").docker("create", ...marks, ...flags, "bookworm");
      await waitFor("the engine shows it", isListed);
    });
    await killed;
    expect([
      status,
      parseList(stdout).map(({ action, state, address, error }) => error ?? [action, state, address]),
    ]).toEqual([0, [["started", "running", "10.72.0.7"]]]);
  });

  test("made meanwhile for another file, it is that one's", async () => {
    const marks = { machine: "aa", network: "berth.internal", project: "x", file: "/proc/version" } as const;
    const flags = Object.entries(marks).flatMap(([key, value]) => ["--label", `berth.${key}=${value}`]);
    const { status, stdout } = await berthThrough(
      node("one"),
      ["up", "aa", "--image", "bookworm", "--json"],
      async (call) => {
        if (call === "POST /containers/create")
          await node("one").docker(
            "create",
            "--name",
            "aa",
            ...flags,
            "--network",
            "berth.internal",
            "bookworm",
          );
      },
    );
    expect([status, JSON.parse(stdout)]).toMatchObject([
      1,
      { error: { code: "conflict", message: "aa is a machine of /proc/version" } },
    ]);
    expect((await containers(node("one"))).get("aa")?.state).toBe("created");
  });

  describe("what one that was killed has had removed", () => {
    const up = ["up", "aa", "--image", "bookworm", "--json"];
    const outcome = ({ status, stdout }: RunResult) => [
      status,
      parseList(stdout).map(({ action, state, error }) => error ?? [action, state]),
    ];
    /** Does that once, before the engine hears that the machine is to be started. */
    const beforeStart = (work: () => Promise<unknown>) => {
      let isDone = false;
      return async (call: string) => {
        if (isDone || !/^POST .*[/](un)?(start|pause)$/.test(call)) return;
        isDone = true;
        await work();
      };
    };

    test("just made", async () => {
      const result = await berthThrough(
        node("one"),
        up,
        beforeStart(() => node("one").docker("rm", "aa")),
      );
      expect(outcome(result)).toEqual([0, [["created", "running"]]]);
    });

    test.each(["stop", "pause"])("after a %s", async (ended) => {
      expect((await node("one").berth(up)).status).toBe(0);
      await node("one").docker(ended, "aa");
      const result = await berthThrough(
        node("one"),
        up,
        beforeStart(() => node("one").docker("rm", "--force", "aa")),
      );
      expect(outcome(result)).toEqual([0, [["created", "running"]]]);
    });

    test("and that the engine is still at", async () => {
      expect((await node("one").berth(up)).status).toBe(0);
      await node("one").berth(["exec", "aa", "sh", "-c", "mkdir /many; cd /many; seq 5000 | xargs touch"]);
      expect((await node("one").berth("stop aa")).status).toBe(0);
      let removal: Promise<unknown> | undefined;
      const leave = async () => {
        removal = node("one").docker("rm", "aa");
        await waitFor("it is on its way out", async () => {
          const { status, stdout } = await node("one").tryDocker(
            "inspect",
            "--format",
            "{{.State.Status}}",
            "aa",
          );
          return status !== 0 || stdout.trim() === "removing" ? true : undefined;
        });
      };
      expect(outcome(await berthThrough(node("one"), up, beforeStart(leave)))).toEqual([
        0,
        [["created", "running"]],
      ]);
      await removal;
    });

    test("is no machine that another has started meanwhile", async () => {
      const result = await berthThrough(node("one"), up, async (call) => {
        if (/^POST .*[/]start$/.test(call)) throw new Error("no luck");
        if (call.startsWith("DELETE ")) await node("one").docker("start", "aa");
      });
      expect(outcome(result)).toMatchObject([
        1,
        [{ code: "engine-api", message: expect.stringContaining("no luck") }],
      ]);
      expect((await containers(node("one"))).get("aa")?.state).toBe("running");
    });
  });

  test("killed before it had looked for an init, the next up looks", async () => {
    const up = ["up", "aa", "--image", "bookworm", "--command", "/bin/sleep", "--command", "100", "--json"];
    const killed = await berthThrough(node("one"), up, async (call) => {
      if (call.startsWith("HEAD ")) throw new Error("killed");
    });
    expect([killed.status, (await containers(node("one"))).get("aa")?.state]).toEqual([1, "created"]);
    const { status, stdout } = await node("one").berth(up);
    expect([status, parseList(stdout)[0]?.error?.code, (await containers(node("one"))).size]).toEqual([
      1,
      "no-init",
      0,
    ]);
  });

  test("removed by several at once: all agree", async () => {
    for (let round = 0; round < 3; round++) {
      expect((await node("one").berth("up aa --image bookworm")).status).toBe(0);
      const removals = await Promise.all(Array.from({ length: 4 }, () => node("one").berth("rm -f aa")));
      expect(removals.map(({ status, stderr }) => (status === 0 ? "" : stderr))).toEqual(["", "", "", ""]);
    }
    expect((await containers(node("one"))).size).toBe(0);
  });

  test("what differs from the command line is told as the command line's", async () => {
    expect((await node("one").berth("up aa --image bookworm -m 300M")).status).toBe(0);
    const { status, stderr } = await node("one").berth("up aa --image bookworm");
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining(`aa: memory is ${300 << 20}, the command line says not set`),
    ]);
  });

  test("asked for while the engine still removes it, it is made anew", async () => {
    const up = () => node("one").berth("up aa --image bookworm --json");
    expect((await up()).status).toBe(0);
    // So many files take a while to remove.
    await node("one").berth(["exec", "aa", "sh", "-c", "mkdir /many; cd /many; seq 5000 | xargs touch"]);
    expect((await node("one").berth("stop aa")).status).toBe(0);
    const removal = node("one").docker("rm", "aa");
    await waitFor("it is on its way out", async () => {
      const { status, stdout } = await node("one").tryDocker(
        "inspect",
        "--format",
        "{{.State.Status}}",
        "aa",
      );
      return status !== 0 || stdout.trim() === "removing" ? true : undefined;
    });
    const { status, stdout } = await up();
    expect([status, parseList(stdout).map(({ action, state }) => [action, state])]).toEqual([
      0,
      [["created", "running"]],
    ]);
    await removal;
  });

  test("renamed by docker, it stays as it is, and that another is made is told", async () => {
    const up = () => node("one").berth("up aa --image bookworm --json");
    expect(await up()).toMatchObject({ status: 0, stderr: expect.not.stringContaining("renamed") });
    await node("one").docker("rename", "aa", "old");
    // What bears its labels by way of an image is none.
    await node("one").docker("commit", "old", "copy");
    await node("one").docker("create", "--name", "copied", "copy");
    const { status, stdout, stderr } = await up();
    expect([status, parseList(stdout).map(({ action }) => action)]).toEqual([0, ["created"]]);
    expect(stderr).toContain(
      "aa: creating it again, since docker renamed the previous one to old; that one stays",
    );
    expect(stderr).not.toContain("copied");
    expect((await node("one").docker("inspect", "--format", "{{.State.Running}}", "old")).stdout).toBe(
      "true\n",
    );
    expect(await up()).toMatchObject({ status: 0, stderr: expect.not.stringContaining("renamed") });
    await node("one").docker("rm", "--force", "old", "copied");
    await node("one").docker("rmi", "copy");
  });

  test("down, interrupted, goes on where it was", async () => {
    expect((await node("one").berth(three)).status).toBe(0);
    const running = node("one").startBerth(["down", "--yes", "--all"]);
    await waitFor("down removes", async () => (running.stderr().includes(": removed") ? true : undefined));
    running.kill("SIGKILL");
    await running.ended;
    expect((await node("one").berth("down --yes --all")).status).toBe(0);
    expect([(await containers(node("one"))).size, await networks(node("one"))]).toEqual([0, []]);
  });
});
