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
  sh("cp $(command -v stat) /run/dockerd");
  const kinds = () => readFileSync("/proc/self/mountinfo", "utf8").split("\\n").map((line) => line.split(" "))
    .filter((fields) => fields[4] === place).map((fields) => fields.slice(fields.indexOf("-") + 1).slice(0, 2).join(" "));
  const asks = () => sh("/run/dockerd --file-system --format %T " + place);
  const mounts = () => sh("mount -t overlay -o " + JSON.parse(readFileSync(stateOf("web") + "/mirror", "utf8")).overlay.options + " overlay " + place);
  const unmounts = () => sh("umount -l " + place);
  const mirror = "fuse.berth berth";
  const decoyed = [mirror, "fuse.berth berth-decoy", "overlay berth-decoy"];
  const first = () => [asks(), mounts(), unmounts()];`;

const after = (script: string) => withMachines(`${restarted}\n${script}`);

const fuse = "fuseblk";
const decoyed = ["fuse.berth berth", "fuse.berth berth-decoy", "overlay berth-decoy"];

describe.skipIf(!isRoot)("an engine that was started anew (needs root)", () => {
  test("finds an overlay at its second look, and behind it the machine's files", async () => {
    const seen = await after(
      `return [first(), kinds(), asks(), kinds(), nameBy(place), log(), answering(server).length];`,
    );
    expect(seen).toEqual([[fuse, "", ""], decoyed, "overlayfs", [decoyed[0]], "web", [], 1]);
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
    expect(seen).toEqual([null, "overlayfs\nweb\n", [decoyed[0]]]);
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
    expect(seen).toEqual([[null, [decoyed[0]]], decoyed]);
  });

  test("is told apart from others, who see an overlay and no more, and take nothing away", async () => {
    const seen = await after(`
      first();
      return [sh("stat --file-system --format %T " + place), sh("ls " + place), sh("stat -c '%A %u' " + place), kinds()];`);
    expect(seen).toEqual(["overlayfs", expect.stringContaining("Stale"), "drwx------ 0", decoyed]);
  });

  test("finds the mirror too where it goes on without a look", async () => {
    const seen = await after(`
      first();
      sh("cp $(command -v cat) /run/old-dockerd");
      return [sh("/run/old-dockerd " + place + "/name"), kinds()];`);
    expect(seen).toEqual(["web", [decoyed[0]]]);
  });

  test("was killed while it looked: what it has left is taken away, and the next one looks as usual", async () => {
    const seen = await after(`
      asks();
      mounts();
      await until("it is taken away", () => kinds().length === 3);
      return [kinds(), asks(), nameBy(place), kinds()];`);
    expect(seen).toEqual([decoyed, "overlayfs", "web", [decoyed[0]]]);
  });

  test("was so slow that it takes the decoy away instead of its own: there is another", async () => {
    const seen = await after(`
      asks();
      mounts();
      await until("it is taken away", () => kinds().length === 3);
      unmounts();
      await until("another", () => kinds().length === 3 && answering(server).length === 1);
      return [kinds(), asks(), nameBy(place)];`);
    expect(seen).toEqual([decoyed, "overlayfs", "web"]);
  });

  test("finds a decoy also when the server was killed meanwhile", async () => {
    const seen = await after(`
      first();
      kill(server.pid);
      await server.exited;
      server = await serve();
      await until("the decoy", () => kinds().length === 3);
      return [kinds(), asks(), nameBy(place), kinds()];`);
    expect(seen).toEqual([decoyed, "overlayfs", "web", [decoyed[0]]]);
  });

  test("gets its own mount back at the machine's end, and nothing is left of decoys", async () => {
    const seen = await after(`
      first();
      kill(pid);
      const answer = await ask({ do: "release", state: stateOf("web") });
      rmSync(stateOf("web") + "/mirror");
      await server.exited;
      return [answer, kinds(), log()];`);
    expect(seen).toEqual(["{}", ["overlay overlay"], []]);
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
      return [seen, log()];`);
    expect(seen).toEqual([Array.from({ length: 10 }, () => [3, 1, "web"]).flat(), []]);
  });
});
