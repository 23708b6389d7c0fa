import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

setDefaultTimeout(60_000);

const program = join(import.meta.dir, "../../bin/berth.ts");
const mounts = import.meta.resolve("#host/mirror/mounts.ts");
const connection = import.meta.resolve("#host/mirror/connection.ts");
/**
 * Mounts /run/files at /run/mirror and starts who answers for it: his parent, or who says so. Says his
 * number.
 */
const parent = (named: string) => `
  const { cloneOf, mountMirror } = await import(${JSON.stringify(mounts)});
  const { agree } = await import(${JSON.stringify(connection)});
  const root = cloneOf(process.pid, "/run/files");
  const { device } = mountMirror("/run/mirror");
  agree(device);
  const words = ["3", "4", "${0x7001_0000}", "65536", String(${named})];
  const child = Bun.spawn([process.execPath, ${JSON.stringify(program)}, "runtime", "mirror", ...words], {
    stdio: ["ignore", "ignore", "inherit", device, root],
  });
  require("node:fs").writeSync(1, child.pid + "\\n");
  child.exited.then(() => require("node:fs").writeSync(1, String(child.signalCode)));
  setInterval(() => {}, 1000);`;
const files = "mkdir /run/files /run/mirror; mount -t tmpfs tmpfs /run/files; chmod 777 /run/files";
/** What becomes of who answers, in a program that has `parent`, `said` (its output) and `pid`. */
const watched = <T>(named: string, then: string) =>
  inMounts<T>(
    `const parent = Bun.spawn([process.execPath, "-e", ${JSON.stringify(parent(named))}], { stdout: "pipe", stderr: "inherit" });
     const output = parent.stdout.getReader();
     const said = async () => Buffer.from((await output.read()).value ?? []).toString().trim();
     const pid = Number(await said());
     try {
       ${then}
     } finally {
       parent.kill("SIGKILL");
       Bun.spawnSync(["umount", "-l", "/run/mirror"]);
     }`,
    files,
  );

test.skipIf(!isRoot)(
  "who has made a file as another user still ends with his parent, whatever is open (needs root)",
  async () => {
    const states = await watched<[string, string]>(
      "process.pid",
      `const status = () => Bun.file("/proc/" + pid + "/status").text().catch(() => "State:\\tX");
     const state = async () => /^State:\\t(.)/m.exec(await status())[1];
     const user = Bun.spawn(["sh", "-c", "echo text >/run/mirror/file && exec 3</run/mirror/file && echo open && exec sleep 60"], { stdout: "pipe" });
     await user.stdout.getReader().read();
     const before = await state();
     parent.kill("SIGKILL");
     const ends = performance.now() + 10_000;
     while (!["X", "Z"].includes(await state()) && performance.now() < ends) await Bun.sleep(20);
     const after = await state();
     user.kill("SIGKILL");
     if (!["X", "Z"].includes(after)) process.kill(pid, "SIGKILL");
     return [before === "X" || before === "Z" ? "ended" : "runs", after === "X" || after === "Z" ? "ended" : "runs"];`,
    );
    expect(states).toEqual(["runs", "ended"]);
  },
);

test.skipIf(!isRoot)("who begins when his parent has gone ends at once (needs root)", async () => {
  expect(await watched<string>("1", `return await said();`)).toBe("SIGKILL");
});
