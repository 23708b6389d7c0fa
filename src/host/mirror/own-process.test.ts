import { expect, test } from "bun:test";
import { copyFileSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";

test("is started also when its program was replaced or removed", async () => {
  const directory = mkdtempSync(join(tmpdir(), "berth-server-"));
  try {
    const program = join(directory, "program");
    try {
      linkSync(process.execPath, program);
    } catch (error) {
      if (!hasErrno(error, ["EXDEV", "EPERM"])) throw error;
      copyFileSync(process.execPath, program);
    }
    const main = join(directory, "main.ts");
    writeFileSync(
      main,
      `import { openSync, rmSync, writeFileSync } from "node:fs";
      import { startServing } from ${JSON.stringify(import.meta.resolve("./served.ts"))};
      if (process.argv[2] === "runtime") writeFileSync(${JSON.stringify(join(directory, "words"))}, process.argv.slice(2).join(" "));
      else {
        rmSync(${JSON.stringify(program)});
        const [device, root] = [openSync("/dev/null"), openSync("/")];
        const started = startServing({ device, root, range: { base: 5, count: 7 }, isDecoy: false });
        let done;
        while ((done = started.hasDone()) === undefined) await Bun.sleep(10);
        console.log(done, device, root, process.pid);
      }`,
    );
    const [done, device, root, parent] = (await run(program, [main])).stdout.trim().split(" ");
    expect(done).toBe("true");
    expect(readFileSync(join(directory, "words"), "utf8")).toBe(
      `runtime mirror ${device} ${root} 5 7 ${parent}`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 20_000);
