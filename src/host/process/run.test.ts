import { expect, test } from "bun:test";
import { run, tryRun } from "./run.ts";

const much = "x".repeat(1 << 20);

test("what is given to a program comes back as it gives it", async () => {
  expect((await run("cat", [], { input: much })).stdout).toBe(much);
});

test.each([0, 3])("a program that ends with %i before it has read all has that status", async (status) => {
  expect((await tryRun("sh", ["-c", `exit ${status}`], { input: much })).status).toBe(status);
});

test("a program that is not there is missing, one that fails has failed, with its words", async () => {
  await expect(run("no-such-program", [])).rejects.toMatchObject({
    code: "tool-missing",
    message: "no-such-program is not installed",
  });
  await expect(run("sh", ["-c", "echo why >&2; exit 4"])).rejects.toMatchObject({
    code: "tool-failed",
    message: "sh failed with status 4: why",
    details: { status: 4, stderr: "why\n" },
  });
  expect((await tryRun("sh", ["-c", "kill -TERM $$"])).status).toBe(143);
});
