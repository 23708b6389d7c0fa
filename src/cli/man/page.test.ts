import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allNodes, loadCommandTree } from "#cli/frame/command-tree.ts";
import { run } from "#cli/frame/run.ts";
import { registry } from "#cli/registry.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import { tryRun } from "#host/process/run.ts";
import { renderManPage } from "./page.ts";
import { roffArgument, roffText } from "./roff.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-man-"));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ["--image a\\b", "\\-\\-image a\\eb"],
  [".so x\n'quoted", "\\&.so x\n\\(aqquoted"],
  ["~/.x", "\\(ti/.x"],
])("roff of %s", (text, expected) => expect(roffText(text)).toBe(expected));

test("an argument keeps its quotes", () => expect(roffArgument('a "b"')).toBe('"a \\(dqb\\(dq"'));

describe("berth man", () => {
  test("prints the page of berth or of a command", async () => {
    for (const [words, title] of [
      [[], "BERTH"],
      [["man"], "BERTH\\-MAN"],
    ] as const) {
      const memory = memoryIo();
      expect(await run(["man", ...words], memory.io)).toBe(0);
      expect(memory.stdout()).toStartWith(`.TH "${title}" 1 `);
    }
    expect(await run(["man", "nothing"], memoryIo().io)).toBe(2);
  });

  test("--output writes a file per command", async () => {
    const memory = memoryIo({ cwd: directory });
    expect(await run(["man", "--output", "man1", "--json"], memory.io)).toBe(0);
    const files = readdirSync(join(directory, "man1")).toSorted();
    for (const { name } of registry.filter((entry) => !entry.hidden))
      expect(files).toContain(`berth-${name}.1`);
    expect(files).toContain("berth-engine-start.1");
    expect(files).not.toContain("berth-__complete.1");
    expect(JSON.parse(memory.stdout()).files.length).toBe(files.length);
    expect(readFileSync(join(directory, "man1", "berth-man.1"), "utf8")).toContain('.SH "EXAMPLES"');
  });

  test("a directory that cannot be made is an error", async () => {
    const memory = memoryIo();
    expect(await run(["man", "--output", "/dev/null/x"], memory.io)).toBe(2);
    expect(memory.stderr()).toContain("/dev/null/x");
  });
});

test.skipIf(Bun.which("groff") === null)("groff finds nothing to warn about (needs groff)", async () => {
  for (const node of allNodes(await loadCommandTree(registry))) {
    const { status, stderr } = await tryRun("groff", ["-man", "-ww", "-Tascii"], {
      input: renderManPage(node, "1").text,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  }
});
