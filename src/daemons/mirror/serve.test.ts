import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

setDefaultTimeout(120_000);

const program = Bun.fileURLToPath(import.meta.resolve("#bin/berth.ts"));
const first = 5000;
const base = 0x7000_0000 + first * 65_536;

/**
 * Machines as the server finds them by their states: a process with ids of its own whose root is an overlay,
 * and the place at which the engine has it, /run/engine/NAME. The server is run from sources, by a Bun at
 * /run/bun.
 */
const lab = `
  const { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } = await import("node:fs");
  const stateOf = (name) => "/run/berth/runtime/root/" + name;
  const placeOf = (name) => "/run/engine/" + name;
  const started = [];
  const until = async (what, holds) => {
    for (const end = performance.now() + 40000; performance.now() < end; await Bun.sleep(50)) if (holds()) return;
    throw new Error("not within 40 s: " + what);
  };
  const sh = (script) => Bun.spawnSync(["timeout", "10", "sh", "-c", "exec 2>&1; " + script]).stdout.toString().trim();
  /** Whoever has started it does not reap it. */
  const machine = async (name, { place = placeOf(name), options } = {}) => {
    const own = "/run/machines/" + name;
    for (const directory of [own + "/upper", own + "/work", own + "/files", placeOf(name), stateOf(name)]) mkdirSync(directory, { recursive: true });
    const layers = "lowerdir=/,upperdir=" + own + "/upper,workdir=" + own + "/work";
    writeFileSync(own + "/inner", "umount -l /old && exec unshare --user sleep 1000");
    writeFileSync(own + "/outer", "set -e; mount -t overlay -o " + layers + " overlay " + own + "/files; cd " + own + "/files; mkdir old; : >dev/null; mount -t proc proc proc; echo " + name +
      " >name; cp " + own + "/inner .; pivot_root . old; exec chroot . sh /inner");
    const parent = Bun.spawn(["sh", "-c", "unshare --mount --propagation private sh " + own + "/outer & echo $! >" + own + "/pid; exec sleep 1000"], { stdin: "ignore" });
    const read = (path) => { try { return readFileSync(path, "utf8").trim(); } catch { return ""; } };
    await until("a pid", () => read(own + "/pid") !== "");
    const pid = Number(read(own + "/pid"));
    started.push(parent.pid, pid);
    await until("a user namespace", () => read("/proc/" + pid + "/comm") === "sleep" && readlinkSync("/proc/" + pid + "/ns/user") !== readlinkSync("/proc/self/ns/user"));
    for (const map of ["uid_map", "gid_map"]) writeFileSync("/proc/" + pid + "/" + map, "0 ${base} 65536");
    const device = read("/proc/" + pid + "/mountinfo").split("\\n").map((line) => line.split(" ")).find((fields) => fields[4] === "/")[2];
    const state = stateOf(name);
    const plan = { state, place, device, range: { base: ${base}, count: 65536 }, overlay: { source: "overlay", options: options ?? layers, directory: "/" } };
    for (const [file, text] of [["pid", pid], ["root", place], ["ids", "${first} 1"], ["mirror", JSON.stringify(plan)]]) writeFileSync(state + "/" + file, text + "\\n");
    return pid;
  };
  const bun = "mount --bind " + process.execPath + " /run/bun";
  const serve = async () => {
    if (!existsSync("/run/bun")) {
      writeFileSync("/run/bun", "");
      sh(bun);
    }
    const server = Bun.spawn(["/run/bun", ${JSON.stringify(program)}, "runtime", "mirror"], { stdin: "ignore", stdout: "pipe", stderr: "inherit", cwd: "/" });
    started.push(server.pid);
    await server.stdout.getReader().read();
    return server;
  };
  const nameBy = (place) => sh("cat " + place + "/name");
  const ask = async (request) => {
    let text = "";
    const { promise, resolve } = Promise.withResolvers();
    await Bun.connect({ unix: "/run/berth/mirror/socket", socket: { open: (socket) => void socket.write(JSON.stringify(request) + "\\n"), data: (_, chunk) => void (text += chunk), close: resolve } });
    await promise;
    return text.trim();
  };
  const log = () => existsSync("/run/berth/mirror/log") ? readFileSync("/run/berth/mirror/log", "utf8").trim().split("\\n").map((line) => line.replace(/^\\S+ /, "")) : [];
  /**
   * Holds the lock of a file of a machine's, so that whoever writes to it waits, and no signal ends that:
   * splice(2) from an empty pipe.
   */
  const hold = async (pid, file) => {
    const script = 'pipe R, W; open F, "+>", $ARGV[0]; my $to = pack "q", 0; $| = 1; print "holds"; syscall 275, fileno R, 0, fileno F, $to, 4096, 0';
    const holder = Bun.spawn(["nsenter", "--mount", "--target", String(pid), "perl", "-e", script, file], { stdin: "ignore", stdout: "pipe" });
    started.push(holder.pid);
    await holder.stdout.getReader().read();
    await until("the lock", () => /splice|pipe/.test(readFileSync("/proc/" + holder.pid + "/wchan", "utf8")));
    return holder.pid;
  };
  const answering = (server) => sh("pgrep -P " + server.pid).split(/[^0-9]/).filter(Boolean).map(Number);
  const stateOfProcess = (pid) => { try { return readFileSync("/proc/" + pid + "/stat", "utf8").split(") ").at(-1)[0]; } catch { return "gone"; } };
  /** A look that waits for such a lock: who has it to answer, and what becomes of it. */
  const lookStuck = async (server, file) => {
    const before = answering(server).filter((one) => stateOfProcess(one) === "D");
    const look = Bun.spawn(["sh", "-c", "echo text >>" + file], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    let pid;
    await until("it waits", () => (pid = answering(server).find((one) => !before.includes(one) && stateOfProcess(one) === "D")) !== undefined);
    return { pid, hasEnded: () => look.exitCode !== null, succeeded: () => look.exitCode === 0 };
  };
  /** The end of the longest answer's time. */
  const alarm = (pid) => process.kill(pid, "SIGALRM");
  const kill = (pid) => { try { process.kill(pid, "SIGKILL"); } catch {} };`;

/** A machine of which a look waits without end. */
const stuck = `
      const pid = await machine("bad");
      const server = await serve();
      await until("the mirror", () => nameBy(placeOf("bad")) === "bad");
      await hold(pid, "/held");
      const look = await lookStuck(server, placeOf("bad") + "/held");`;

const inLab = (script: string) =>
  inMounts<unknown>(`${lab} try { ${script} } finally { for (const pid of started.reverse()) kill(pid); }`);

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
    const seen = await inLab(`
      ${make}
      await machine("good");
      const server = await serve();
      await until("the mirror", () => nameBy(placeOf("good")) === "good");
      await Bun.sleep(2500);
      return [nameBy(placeOf("good")), server.exitCode, server.signalCode, log()];`);
    expect(seen).toEqual(["good", null, null, logged]);
  });

  test("ends no server when its place cannot be given back: whoever asked is told", async () => {
    const seen = await inLab(`
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
    const seen = await inLab(`
      kill(await machine("bad"));
      await machine("good");
      await serve();
      await until("the mirror", () => nameBy(placeOf("good")) === "good");
      return [await ask({ do: "release", state: stateOf("bad") }), nameBy(placeOf("bad"))];`);
    expect(seen).toEqual(["{}", "bad"]);
  });

  test("has its place given back only when who has answered for it has ended, and so has let go of its files", async () => {
    const seen = await inLab(`
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
    const seen = await inLab(`
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
      const seen = await inLab(`
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
      const seen = await inLab(`
      ${stuck}
      const begin = performance.now();
      await ask({ do: "release", state: stateOf("bad") });
      await until("the look ends", look.hasEnded);
      return [look.succeeded(), performance.now() - begin < 8000];`);
      expect(seen).toEqual([false, true]);
    });

    test("ends with the server's death, and the machine has another mirror", async () => {
      const seen = await inLab(`
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
      const seen = await inLab(`
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
