import { expect, test } from "bun:test";
import { openContext } from "#cli/frame/context.ts";
import { parseGlobals } from "#cli/frame/global-options.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import { confirm } from "./confirm.ts";

const removal = { what: "the machine (web)", hint: "say --yes" };

async function asked(stdin: string | undefined, terminal = true) {
  const memory = memoryIo({ terminal, ...(stdin !== undefined && { stdin }) });
  const { context } = openContext(memory.io, parseGlobals({}), memory.io.signal);
  const outcome = await confirm(context, removal).then(
    () => "yes",
    (error) => `${error.code}: ${error.message}`,
  );
  return [outcome, memory.stderr()];
}

test.each([
  ["a yes", "y\n", "yes"],
  ["a whole yes", " Yes\n", "yes"],
  ["a no", "n\n", "interrupted: nothing was removed"],
  ["nothing", "\n", "interrupted: nothing was removed"],
])("%s", async (_, stdin, outcome) => expect((await asked(stdin))[0]).toBe(outcome));

test("the end of the input is a no, on a line of its own", async () => {
  const [outcome, stderr] = await asked(undefined);
  expect([outcome, stderr?.endsWith("[y/N] \n")]).toEqual(["interrupted: nothing was removed", true]);
});

test("where nobody can be asked it says what would go", async () => {
  expect(await asked("y\n", false)).toEqual(["usage: this would remove the machine (web)", ""]);
});
