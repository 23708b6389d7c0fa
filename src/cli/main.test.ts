import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryRun } from "../host/run.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-main-"));
afterAll(() => rmSync(directory, { recursive: true }));

// The real main on a real process, with commands made for the purpose.
const program = join(directory, "program.ts");
const here = import.meta.dirname;
writeFileSync(
  program,
  `import { main } from ${JSON.stringify(join(here, "main.ts"))};
import { defineCommand } from ${JSON.stringify(join(here, "command.ts"))};
const command = (name, action) => {
  const command = defineCommand({ name, summary: name, description: name, examples: [{ command: name, description: name }], action });
  return { name, summary: name, group: "Other", load: async () => ({ command }) };
};
process.exit(await main(process.argv.slice(2), (status) => process.exit(status), [
  command("flood", async ({ item }) => {
    for (let line = 0; line < 2000; line += 1) await item({ line }, () => \`\${String(line).padStart(999, "x")}\\n\`);
  }),
  command("careless", async ({ io }) => {
    for (let line = 0; line < 2000; line += 1) io.stdout.write(\`\${String(line).padStart(999, "x")}\\n\`);
  }),
  command("polite", async ({ io, signal }) => {
    const alive = setInterval(() => undefined, 1000);
    io.stdout.write("ready\\n");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    clearInterval(alive);
    io.stdout.write("cleaned up\\n");
    throw signal.reason;
  }),
  command("stubborn", async ({ io, signal }) => {
    setInterval(() => undefined, 1000);
    signal.addEventListener("abort", () => io.stdout.write("no\\n"));
    io.stdout.write("ready\\n");
    await new Promise(() => undefined);
  }),
]));
`,
);

const shell = (script: string) => tryRun("bash", ["-c", script, "bash", process.execPath, program]);

describe("standard output", () => {
  test.each(["flood", "careless"])("%s: nothing is lost to a slow reader", async (name) => {
    const { stdout, stderr } = await shell(`"$1" "$2" ${name} | { sleep 0.3; wc -c; }`);
    expect({ bytes: Number(stdout), stderr }).toEqual({ bytes: 2_000_000, stderr: "" });
  });

  test.each(["flood", "careless"])("%s: a reader that leaves ends it without a word", async (name) => {
    const { stdout, stderr } = await shell(`"$1" "$2" ${name} | head -c 3; echo " \${PIPESTATUS[0]}"`);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^xxx (141|0)\n$/);
  });

  test.skipIf(process.platform !== "linux")("a full disk is told about", async () => {
    const { status, stderr } = await shell(`"$1" "$2" flood > /dev/full`);
    expect({ status, first: stderr.slice(0, 6) }).toEqual({ status: 1, first: "berth:" });
  });
});

describe("signals", () => {
  async function signalled(name: string, ...signals: readonly NodeJS.Signals[]) {
    const child = spawn(process.execPath, [program, name], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    for (const [sent, signal] of signals.entries()) {
      // Two signals sent at once would arrive as one: each is answered with a line.
      while (output.split("\n").length <= sent + 1 && child.exitCode === null) await once(child.stdout, "data");
      child.kill(signal);
    }
    return { status: await ended, output };
  }

  test.each(["SIGINT", "SIGTERM"] as const)("%s lets the command clean up", async (signal) => {
    expect(await signalled("polite", signal)).toEqual({ status: 130, output: `ready\ncleaned up\nberth: interrupted by ${signal}\n` });
  });

  test("a second SIGINT ends at once", async () => {
    expect(await signalled("stubborn", "SIGINT", "SIGINT")).toEqual({ status: 130, output: "ready\nno\n" });
  });
});

test("the binary's own file answers", async () => {
  const bin = join(here, "..", "bin", "berth.ts");
  expect(await tryRun(process.execPath, [bin, "--version"])).toMatchObject({ status: 0, stderr: "" });
  expect(await tryRun(process.execPath, [bin, "version", "--json"])).toMatchObject({ status: 0, stderr: "" });
  expect(await tryRun(process.execPath, [bin, "nothing"])).toMatchObject({ status: 2, stdout: "" });
});
