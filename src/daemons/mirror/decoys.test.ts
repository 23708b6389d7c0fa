import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { withMachines } from "#lab/mirror-machines.ts";
import { isRoot } from "#lab/mount-namespace.ts";

setDefaultTimeout(120_000);

/**
 * A machine "web" with its mirror, and what an engine does that was started anew: it asks which file system is
 * there, and mounts its own unless that is an overlay. Engines go by their program's name.
 */
const restarted = `
  const pid = await machine("web");
  const place = placeOf("web");
  let server = await serve();
  await until("the mirror", () => nameBy(place) === "web");
  sh("cp $(command -v stat) /run/dockerd; mkdir /run/bin; cp $(command -v cat) /run/bin/dockerd; mkdir /run/live; : >/run/live/dockerd; mount --bind /run/bun /run/live/dockerd");
  const kinds = () => readFileSync("/proc/self/mountinfo", "utf8").split("\\n").map((line) => line.split(" "))
    .filter((fields) => fields[4] === place).map((fields) => fields.slice(fields.indexOf("-") + 1).slice(0, 2).join(" "));
  const asks = () => sh("/run/dockerd --file-system --format %T " + place);
  const options = () => JSON.parse(readFileSync(stateOf("web") + "/mirror", "utf8")).overlay.options;
  const mounts = () => sh("mount -t overlay -o " + options() + " overlay " + place);
  const unmounts = () => sh("umount -l " + place);
  writeFileSync("/run/first.ts", \`
    const kind = require("node:fs").statfsSync(process.argv[2]).type;
    for (const words of [["mount", "-t", "overlay", "-o", process.argv[3], "overlay", process.argv[2]], ["umount", "-l", process.argv[2]]])
      Bun.spawnSync(words);
    console.log(kind === 0x65735546 ? "fuse" : kind);\`);
  const first = () => sh("/run/live/dockerd /run/first.ts " + place + " " + options());
  const isDecoyed = () => kinds().at(-1) === "overlay berth-decoy";
  /** Nothing is left at directories of the server's own. */
  const rest = () => sh("ls /run/berth/mirror | grep decoy; cut -d' ' -f5 /proc/self/mountinfo | grep -c /decoy-");
  /** An engine that asks and lives on. */
  const living = async () => {
    const engine = Bun.spawn(["/run/live/dockerd", "-e", "require('node:fs').statfsSync('" + place + "'); console.log('asked'); setInterval(() => {}, 1000)"], { stdin: "ignore", stdout: "pipe" });
    started.push(engine.pid);
    await engine.stdout.getReader().read();
    return engine;
  };`;

/** An engine that waits for a decoy, whose mount waits for others that look at the same directory. */
const heldUp = `
      nameBy(place);
      const [serving] = answering(server);
      process.kill(server.pid, "SIGSTOP");
      const look = Bun.spawn(["/run/dockerd", "--file-system", place], { stdin: "ignore", stdout: "ignore" });
      await Bun.sleep(300);
      // Whoever looks a name up has the lock of the root's directory, which the mount waits for.
      const readers = [1, 2, 3].map((name) => Bun.spawn(["perl", "-e", 'my $place = shift; stat $place . $i++ while 1', place + "/" + name], { stdin: "ignore" }));
      started.push(...readers.map((reader) => reader.pid));
      await Bun.sleep(300);
      process.kill(serving, "SIGSTOP");
      await Bun.sleep(300);
      process.kill(server.pid, "SIGCONT");
      await until("it is begun", () => rest() !== "0");
      const letGo = async () => {
        for (const reader of readers) reader.kill();
        await Promise.all(readers.map((reader) => reader.exited));
      };`;

const after = (script: string) => withMachines(`${restarted}\n${script}`);

const [mirror, decoy, own] = ["fuse.berth berth", "overlay berth-decoy", "overlay overlay"];
const decoyed = [mirror, decoy];

describe.skipIf(!isRoot)("an engine that was started anew (needs root)", () => {
  test("finds an overlay at its second look, and behind it the machine's files", async () => {
    const seen = await after(`
      return [first(), kinds(), asks(), kinds(), nameBy(place), log(), rest()];`);
    expect(seen).toEqual(["fuse", decoyed, "overlayfs", [mirror], "web", [], "0"]);
  });

  test("finds so however late the server is", async () => {
    const seen = await after(`
      first();
      process.kill(server.pid, "SIGSTOP");
      const look = Bun.spawn(["sh", "-c", "/run/dockerd --file-system --format %T " + place + "; cat " + place + "/name"], { stdin: "ignore", stdout: "pipe" });
      await Bun.sleep(1500);
      const early = look.exitCode;
      process.kill(server.pid, "SIGCONT");
      return [early, await new Response(look.stdout).text(), kinds()];`);
    expect(seen).toEqual([null, "overlayfs\nweb\n", [mirror]]);
  });

  test("waits at its first look until the decoy is there, however late the server is", async () => {
    const seen = await after(`
      process.kill(server.pid, "SIGSTOP");
      const look = Bun.spawn(["/run/dockerd", "--file-system", place], { stdin: "ignore", stdout: "ignore" });
      await Bun.sleep(1500);
      const early = [look.exitCode, kinds()];
      process.kill(server.pid, "SIGCONT");
      await look.exited;
      return [early, kinds()];`);
    expect(seen).toEqual([[null, [mirror]], decoyed]);
  });

  test("is told apart from others, who see the same files and take nothing away", async () => {
    const seen = await after(`
      first();
      return [sh("stat --file-system --format %T " + place), nameBy(place), kinds(), asks(), kinds()];`);
    expect(seen).toEqual(["overlayfs", "web", decoyed, "overlayfs", [mirror]]);
  });

  test("finds the machine's files also where it reads before it asks, and changes of them", async () => {
    const seen = await after(`
      first();
      const reads = () => sh("/run/bin/dockerd " + place + "/new");
      const enter = "nsenter --mount --target " + pid + " ";
      const seen = [reads()];
      sh(enter + "sh -c 'echo one >/new'");
      await Bun.sleep(600);
      sh(enter + "sh -c 'echo two >/newer; mv /newer /name'");
      await Bun.sleep(600);
      return [...seen, sh("/run/bin/dockerd " + place + "/name"), kinds(), asks(), reads(), kinds(), log()];`);
    expect(seen).toEqual([
      expect.stringContaining("No such file"),
      "two",
      decoyed,
      "overlayfs",
      "one",
      [mirror],
      [],
    ]);
  });

  test("finds a directory that is private already, and would set nothing there", async () => {
    const seen = await after(
      `first(); return [sh("stat -c '%A %u %g' " + place), asks(), sh("stat -c %A " + place)];`,
    );
    expect(seen).toEqual(["drwx------ 0 0", "overlayfs", "drwxr-xr-x"]);
  });

  test("was killed while it looked: what it has left is taken away, and the next one looks as usual", async () => {
    const seen = await after(`
      asks();
      mounts();
      await until("it is taken away", isDecoyed);
      return [kinds(), asks(), nameBy(place), kinds(), log()];`);
    expect(seen).toEqual([decoyed, "overlayfs", "web", [mirror], []]);
  });

  test("keeps what it has mounted as long as it lives, and is killed then", async () => {
    const seen = await after(`
      const engine = await living();
      mounts();
      await Bun.sleep(2000);
      const early = kinds();
      engine.kill();
      await until("it is taken away", isDecoyed);
      return [early, kinds(), asks(), nameBy(place), log()];`);
    expect(seen).toEqual([[mirror, decoy, own], decoyed, "overlayfs", "web", []]);
  });

  test("unmounts the decoy by mistake: there is another", async () => {
    const seen = await after(`
      first();
      unmounts();
      await until("another", isDecoyed);
      return [kinds(), asks(), nameBy(place), kinds(), log(), rest()];`);
    expect(seen).toEqual([decoyed, "overlayfs", "web", [mirror], [], "0"]);
  });

  test("finds a decoy also when the server was killed meanwhile", async () => {
    const seen = await after(`
      first();
      kill(server.pid);
      await server.exited;
      server = await serve();
      await until("the decoy", () => kinds().length === 2 && isDecoyed());
      return [kinds(), asks(), nameBy(place), kinds(), log(), rest()];`);
    expect(seen).toEqual([decoyed, "overlayfs", "web", [mirror], [], "0"]);
  });

  test("was killed while it looked, and so was the server: the next engine finds the machine's files", async () => {
    const seen = await after(`
      asks();
      mounts();
      kill(server.pid);
      await server.exited;
      server = await serve();
      await until("the decoy", isDecoyed);
      const kind = asks();
      await Bun.sleep(1000);
      return [kind, kinds().at(-1), nameBy(place), log(), rest()];`);
    expect(seen).toEqual(["overlayfs", mirror, "web", [], "0"]);
  });

  test("loses a decoy whose process has died, and its own mount stays what is on top", async () => {
    const seen = await after(`
      const engine = await living();
      mounts();
      const answers = answering(server).find((one) => readFileSync("/proc/" + one + "/cmdline", "utf8").endsWith("\\0decoy\\0"));
      kill(answers);
      await until("it is not answered for", () => !answering(server).includes(answers));
      await Bun.sleep(300);
      const early = kinds();
      unmounts();
      await until("the mirror", () => nameBy(place) === "web");
      return [early.at(-1), answering(server).length, first(), kinds().slice(-2), asks(), kinds().at(-1), rest()];`);
    expect(seen).toEqual([own, 1, "fuse", decoyed, "overlayfs", mirror, "0"]);
  });

  test("waits for a decoy while the server is killed: the next server clears what was begun", async () => {
    const seen = await after(`
      ${heldUp}
      const early = rest().split("\\n").length;
      kill(server.pid);
      await server.exited;
      server = await serve();
      await letGo();
      await until("the mirror", () => kinds().length === 1 && nameBy(place) === "web");
      return [early, rest(), first(), kinds(), asks(), kinds(), rest()];`);
    expect(seen).toEqual([2, "0", "fuse", decoyed, "overlayfs", [mirror], "0"]);
  });

  test("looks at several machines at once: no process has another machine's files", async () => {
    const seen = await after(`
      await machine("db");
      await ask({ do: "look" });
      await until("the mirrors", () => nameBy(placeOf("db")) === "db");
      process.kill(server.pid, "SIGSTOP");
      const looks = [place, placeOf("db")].map((one) => Bun.spawn(["/run/dockerd", "--file-system", one], { stdin: "ignore", stdout: "ignore" }));
      await Bun.sleep(500);
      process.kill(server.pid, "SIGCONT");
      await Promise.all(looks.map((look) => look.exited));
      const rootsOf = (one) => sh("cd /proc/" + one + "/fd; for f in *; do [ \\"$(readlink $f)\\" != / ] || sed -n 's/^mnt_id:\\t//p' ../fdinfo/$f; done | sort -u | wc -l");
      return answering(server).map(rootsOf);`);
    expect(seen).toEqual(["1", "1", "1", "1"]);
  });

  test("gets its own mount back at the machine's end, and nothing is left of decoys", async () => {
    const seen = await after(`
      first();
      kill(pid);
      const answer = await ask({ do: "release", state: stateOf("web") });
      rmSync(stateOf("web") + "/mirror");
      await server.exited;
      return [answer, kinds(), log(), rest()];`);
    expect(seen).toEqual(["{}", [own], [], "0"]);
  });

  test("is let go on when no decoy can be mounted for long, and one that comes later is taken away", async () => {
    const seen = await after(`
      ${heldUp}
      await until("given up", () => log().length > 0);
      const early = [log(), look.exitCode];
      process.kill(serving, "SIGCONT");
      await look.exited;
      await letGo();
      await Bun.sleep(1000);
      return [early, kinds(), nameBy(place), first(), kinds(), asks(), kinds(), rest()];`);
    const fault = "/run/berth/runtime/root/web: no decoy can be mounted: an answer takes too long";
    expect(seen).toEqual([[[fault], null], [mirror], "web", "fuse", decoyed, "overlayfs", [mirror], "0"]);
  });

  test("finds both each time, while others read the same directory", async () => {
    const seen = await after(`
      const readers = Array.from({ length: 8 }, () => Bun.spawn(["sh", "-c", "while :; do ls " + place + "; done"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }));
      const seen = [];
      for (let round = 0; round < 10; round++) {
        first();
        seen.push(kinds().length);
        asks();
        seen.push(kinds().length, nameBy(place));
      }
      for (const reader of readers) reader.kill();
      await Promise.all(readers.map((reader) => reader.exited));
      await until("nobody answers for a decoy", () => answering(server).length <= 1);
      return [seen, log()];`);
    expect(seen).toEqual([Array.from({ length: 10 }, () => [2, 1, "web"]).flat(), []]);
  });
});
