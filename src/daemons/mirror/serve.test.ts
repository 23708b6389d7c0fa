import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { withMachines } from "#lab/mirror-machines.ts";
import { isRoot } from "#lab/mount-namespace.ts";

setDefaultTimeout(120_000);

/** A machine of which a look waits without end. */
const stuck = `
      const pid = await machine("bad");
      const server = await serve();
      await until("the mirror", () => nameBy(placeOf("bad")) === "bad");
      await hold(pid, "/held");
      const look = await lookStuck(server, placeOf("bad") + "/held");`;

describe.skipIf(!isRoot)("what one machine makes fail (needs root)", () => {
  test.each([
    ["has ended and is not reaped", `const pid = await machine("bad"); kill(pid);`, []],
    [
      "has half a plan",
      `await machine("bad"); writeFileSync(stateOf("bad") + "/mirror", '{"state":');`,
      [expect.stringMatching(/bad: .*JSON/)],
    ],
    [
      "has a directory where its plan was",
      `await machine("bad"); rmSync(stateOf("bad") + "/mirror"); mkdirSync(stateOf("bad") + "/mirror");`,
      [expect.stringMatching(/bad: EISDIR/)],
    ],
    [
      "has a place that cannot be made",
      `mkdirSync("/run/engine"); writeFileSync("/run/engine/file", ""); await machine("bad", { place: "/run/engine/file/place" });`,
      [expect.stringMatching(/bad: .*ENOTDIR/)],
    ],
  ])("keeps no other from being served after the server's death: it %s", async (_, make, logged) => {
    const seen = await withMachines(`
      ${make}
      await machine("good");
      const server = await serve();
      await until("the mirror", () => nameBy(placeOf("good")) === "good");
      await Bun.sleep(2500);
      return [nameBy(placeOf("good")), server.exitCode, server.signalCode, log()];`);
    expect(seen).toEqual(["good", null, null, logged]);
  });

  test("ends no server when its place cannot be given back: whoever asked is told", async () => {
    const seen = await withMachines(`
      await machine("bad", { options: "lowerdir=/run/nowhere" });
      await machine("good");
      const server = await serve();
      await until("the mirrors", () => nameBy(placeOf("bad")) === "bad" && nameBy(placeOf("good")) === "good");
      kill(started[1]);
      const answers = [await ask({ do: "release", state: stateOf("bad") })];
      rmSync(stateOf("bad") + "/mirror");
      await Bun.sleep(500);
      kill(started[3]);
      answers.push(nameBy(placeOf("good")), server.exitCode, log(), await ask({ do: "release", state: stateOf("good") }));
      return [...answers, sh("stat -f -c %T " + placeOf("good"))];`);
    const fault = expect.stringContaining("mount: ENOENT");
    expect(seen).toEqual([fault, "good", null, [fault], "{}", "overlayfs"]);
  });

  test("gives a place back also where it was never shown", async () => {
    const seen = await withMachines(`
      kill(await machine("bad"));
      await machine("good");
      await serve();
      await until("the mirror", () => nameBy(placeOf("good")) === "good");
      return [await ask({ do: "release", state: stateOf("bad") }), nameBy(placeOf("bad"))];`);
    expect(seen).toEqual(["{}", "bad"]);
  });

  test("has its place given back only when who has answered for it has ended, and so has let go of its files", async () => {
    const seen = await withMachines(`
      await machine("good");
      const server = await serve();
      await until("the mirror", () => nameBy(placeOf("good")) === "good");
      const left = [];
      for (let round = 0; round < 15; round++) {
        const name = "bad" + round;
        const pid = await machine(name);
        const before = answering(server);
        await ask({ do: "look" });
        await until("the mirror", () => nameBy(placeOf(name)) === name);
        const [process] = answering(server).filter((one) => !before.includes(one));
        kill(pid);
        await until("its end", () => stateOfProcess(pid) === "Z");
        await ask({ do: "release", state: stateOf(name) });
        left.push(stateOfProcess(process));
        rmSync(stateOf(name) + "/mirror");
      }
      return left;`);
    expect(seen).toEqual(Array.from({ length: 15 }, () => "gone"));
  });

  test("ends no server when nobody can be started who would answer: the look fails, and a later one does not", async () => {
    const seen = await withMachines(`
      await machine("good");
      const server = await serve();
      sh("mount -o remount,bind,noexec /run/bun");
      const failed = nameBy(placeOf("good"));
      sh("mount -o remount,bind,exec /run/bun");
      await until("an answer", () => nameBy(placeOf("good")) === "good");
      return [failed, server.exitCode, log()];`);
    expect(seen).toEqual([
      expect.stringMatching(/abort|not connected/),
      null,
      [expect.stringMatching(/posix_spawn: errno 13/)],
    ]);
  });
});

describe.skipIf(!isRoot || process.arch !== "x64")(
  "an answer that a machine keeps back, and that no signal ends (needs root, x86-64)",
  () => {
    test("ends with its time, and the machine has another mirror", async () => {
      const seen = await withMachines(`
      const pid = await machine("bad");
      await machine("good");
      const server = await serve();
      await until("the mirrors", () => nameBy(placeOf("bad")) === "bad" && nameBy(placeOf("good")) === "good");
      const holder = await hold(pid, "/held");
      const look = await lookStuck(server, placeOf("bad") + "/held");
      await Bun.sleep(2500);
      const early = look.hasEnded();
      alarm(look.pid);
      await until("the look ends", look.hasEnded);
      await until("another mirror", () => nameBy(placeOf("bad")) === "bad");
      const left = stateOfProcess(look.pid);
      kill(holder);
      await until("what is left ends", () => stateOfProcess(look.pid) === "gone");
      return [early, look.succeeded(), left, server.exitCode, nameBy(placeOf("bad")), nameBy(placeOf("good")), log()];`);
      const fault =
        "/run/berth/runtime/root/bad: an answer takes too long, and berth cannot kill the process that owes it";
      expect(seen).toEqual([false, false, "D", null, "bad", "good", [fault]]);
    });

    test("holds up no release, nor what looks at the machine meanwhile", async () => {
      const seen = await withMachines(`
      ${stuck}
      const begin = performance.now();
      await ask({ do: "release", state: stateOf("bad") });
      await until("the look ends", look.hasEnded);
      return [look.succeeded(), performance.now() - begin < 8000];`);
      expect(seen).toEqual([false, true]);
    });

    test("ends with the server's death, and the machine has another mirror", async () => {
      const seen = await withMachines(`
      ${stuck}
      kill(server.pid);
      await server.exited;
      const early = look.hasEnded();
      await serve();
      await until("another mirror", () => nameBy(placeOf("bad")) === "bad");
      await until("the look ends", look.hasEnded);
      return [early, look.succeeded()];`);
      expect(seen).toEqual([false, false]);
    });

    test("is kept back three times at most: then looks fail until one has ended", async () => {
      const seen = await withMachines(`
      const pid = await machine("bad");
      await machine("good");
      const server = await serve();
      const holders = [];
      for (const file of ["/one", "/two", "/three"]) {
        await until("the mirror", () => nameBy(placeOf("bad")) === "bad");
        holders.push(await hold(pid, file));
        const look = await lookStuck(server, placeOf("bad") + file);
        alarm(look.pid);
        await until("the look ends", look.hasEnded);
      }
      const failed = [];
      for (let count = 0; count < 4; count++, await Bun.sleep(500)) failed.push(nameBy(placeOf("bad")));
      const good = nameBy(placeOf("good"));
      kill(holders[1]);
      await until("the mirror again", () => nameBy(placeOf("bad")) === "bad");
      return [new Set(failed).size, failed[0], good, answering(server).filter((one) => stateOfProcess(one) === "D").length];`);
      expect(seen).toEqual([1, expect.stringMatching(/not connected/), "good", 2]);
    });
  },
);
