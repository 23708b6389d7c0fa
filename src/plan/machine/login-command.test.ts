import { expect, test } from "bun:test";
import { run, tryRun } from "#host/process/run.ts";
import { loginCommand } from "./login-command.ts";

test("the command's words stay words, the group is left out", () => {
  const [shell, flag, , ...words] = loginCommand("web:adm", ["a b", "$(x)", "-l"]);
  expect([shell, flag, ...words]).toEqual(["/bin/sh", "-c", "sh", "web", "a b", "$(x)", "-l"]);
});

test.each([
  ["root", "root", /^\//],
  ["0", "root", /^\//],
  ["no-such-user", "no-such-user", /^\/$/],
])("the variables of %s", async (user, name, home) => {
  const [command = "", ...args] = loginCommand(user, [
    "sh",
    "-c",
    'printf "%s\\n" "$USER" "$LOGNAME" "$HOME" "$SHELL"',
  ]);
  const [USER, LOGNAME, HOME, SHELL] = (await run(command, args)).stdout.split("\n");
  expect([USER, LOGNAME]).toEqual([name, name]);
  expect(HOME).toMatch(home);
  expect(SHELL).toStartWith("/");
});

test("the status is the command's", async () => {
  const [command = "", ...args] = loginCommand("root", ["sh", "-c", "exit 42"]);
  expect((await tryRun(command, args)).status).toBe(42);
});
