import { describe, expect, test } from "bun:test";
import { command as up } from "#cli/commands/up.ts";
import { renderBash } from "#cli/completion/bash.ts";
import { renderFish } from "#cli/completion/fish.ts";
import { renderZsh } from "#cli/completion/zsh.ts";
import { loadCommandTree } from "#cli/frame/command-tree.ts";
import { helpText, parse } from "#cli/frame/parse.ts";
import { renderManPage } from "#cli/man/page.ts";
import { fleetOptionSpecs, fleetOptionValues, givenOptions } from "#cli/options/fleet-options.ts";
import { hasCode } from "#errors.ts";
import { parseLoaderLabels } from "#labels/loader/parse.ts";
import { renderLoaderLabels } from "#labels/loader/render.ts";
import { fleetFromOptions } from "#machinefile/read/fleet-from-options.ts";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import { renderMachineFileReference } from "#machinefile/schema/reference.ts";
import { machineFileJsonSchema } from "#machinefile/schema/schema.ts";
import { scalar } from "#machinefile/type/scalar.ts";
import { parsePids } from "#machinefile/value/limit.ts";
import { machineKeys } from "./machine.ts";
import type { MachineKeys } from "./machine-key.ts";

/** The table with one row more. */
const keys: MachineKeys = {
  ...machineKeys,
  open_files: {
    field: "openFiles",
    type: scalar("a number of files", "1024", parsePids),
    shownType: "whole number",
    description: "The most open files.",
    absent: "the engine's limit",
    examples: [1024],
    option: { short: "o", value: "FILES", description: "most open files" },
    label: { form: "value", also: ["nofile"] },
  },
};
const read = (text: string) => parseMachineFile(text, { fileName: "berth.yaml", environment: {}, keys });
const registry = [
  {
    name: "up",
    summary: up.summary,
    group: "Machines" as const,
    load: async () => ({ command: { ...up, options: { ...up.options, ...fleetOptionSpecs(keys) } } }),
  },
];

describe("one row is a key of a machine", () => {
  test("in a file, under defaults too", () => {
    const { machines } = read("defaults: {image: i, open_files: 5}\nmachines: {a: {}, b: {open_files: '6'}}");
    expect(machines).toMatchObject([{ openFiles: 5 }, { openFiles: 6 }]);
  });

  test("with its problems, and as what a slip may have meant", () => {
    const problems = () => read("machines: {a: {image: i, open_files: []}, b: {image: i, open_fils: 5}}");
    expect(problems).toThrow("machines.a.open_files: expected a number of files, not a list (example: 1024)");
    expect(problems).toThrow('machines.b.open_fils: unknown key; did you mean "open_files"?');
  });

  test("in the JSON Schema", () => {
    const key = {
      type: ["string", "number"],
      description: "The most open files.",
      examples: [1024],
    };
    const schema = JSON.stringify(machineFileJsonSchema(keys));
    expect(schema.split(`"open_files":${JSON.stringify(key)}`)).toHaveLength(3);
  });

  test("in the reference", () => {
    expect(renderMachineFileReference(keys)).toContain(
      "| `open_files` | whole number | the engine's limit | The most open files. | `1024` |",
    );
  });

  test("as an option of berth up, in words and in value", async () => {
    const invocation = await parse(["up", "web", "--image", "i", "-o", "7"], {}, 80, registry);
    if (invocation.kind !== "command") throw new Error(`read as ${invocation.kind}`);
    const values = fleetOptionValues(invocation.options, keys);
    expect(givenOptions(values, keys)).toEqual(["--image", "--open-files"]);
    expect(fleetFromOptions({ names: ["web"], values }, {}, keys).machines).toMatchObject([{ openFiles: 7 }]);
    let thrown: unknown;
    try {
      fleetFromOptions({ names: ["web"], values: { image: "i", open_files: "x" } }, {}, keys);
    } catch (error) {
      thrown = error;
    }
    expect(hasCode(thrown, "usage") && thrown.message).toBe(
      '--open-files: invalid number of processes "x" (example: 4096; 1 to 4194304)',
    );
  });

  test("in help, manual and completion", async () => {
    expect(await helpText(["up"], 100, registry)).toMatch(/-o, --open-files FILES +most open files/);
    const tree = await loadCommandTree(registry);
    const [node = tree] = tree.children;
    expect(renderManPage(node, "1").text).toContain("Most open files.");
    for (const render of [renderBash, renderZsh, renderFish]) expect(render(tree)).toContain("open-files");
  });

  test("as a label of its service, there and back", () => {
    const [machine] = read("machines: {mail: {root: /srv/mail, open_files: 8}}").machines;
    if (machine === undefined) throw new Error("a fleet without machines");
    const labels = renderLoaderLabels(machine, keys);
    expect(labels["berth.loader.open-files"]).toBe("8");
    expect(parseLoaderLabels(labels, keys)).toMatchObject({ openFiles: 8 });
    expect(parseLoaderLabels({ "real.root": "/srv", "real.nofile": "9" }, keys)).toMatchObject({
      openFiles: 9,
    });
  });
});
