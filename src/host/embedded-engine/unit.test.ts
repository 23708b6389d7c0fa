import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { defaultEmbeddedEngine } from "./options.ts";
import { unitScript } from "./scripts.ts";
import { renderEnvironment, unitCommand } from "./unit.ts";

test("a unit's command is what was given, whatever systemd would replace in it", () => {
  const [program, ...words] = unitCommand("/usr/bin/systemd-run", defaultEmbeddedEngine(), [
    "sh",
    "-c",
    'echo "$1" $$',
    "",
  ]);
  expect(program).toBe("/usr/bin/systemd-run");
  expect(words).toContain("--unit=berth-engine-default.service");
  expect(words).toContain("--property=Delegate=yes");
  const command = words.slice(words.indexOf("--") + 1);
  expect(command.slice(4)).toEqual([
    "/run/berth/engine",
    "/system.slice/berth-engine-default.service",
    "sh",
    "-c",
    'echo "$$1" $$$$',
    "",
  ]);
  expect(command[2]?.replaceAll("$$", "$")).toBe(unitScript);
});

test("a shell reads from the environment file what was put into it", async () => {
  const odd = { HTTP_PROXY: "http://u:p'\"$`\\@proxy", PATH: "/a b:/c" };
  const { stdout } = await run("sh", ["-c", `${renderEnvironment(odd)}printf '%s\\n' "$HTTP_PROXY" "$PATH"`]);
  expect(stdout).toBe(`${odd.HTTP_PROXY}\n${odd.PATH}\n`);
});

describe("the unit's main process", () => {
  let state = "";
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "berth-unit-"));
  });
  afterEach(() => rmSync(state, { recursive: true }));
  const start = (command: string) =>
    Bun.spawn(["sh", "-c", unitScript, "unit", state, "/none", "sh", "-c", command, "sh", state], {
      stdout: "pipe",
    });
  const firstLine = async (child: ReturnType<typeof start>) =>
    new TextDecoder().decode((await child.stdout.getReader().read()).value);

  test("ends as its child does", async () => expect(await start("exit 7").exited).toBe(7));

  test("hands SIGTERM to init, and waits for what waits for it", async () => {
    const init = `sh -c 'trap "exit 5" TERM; echo "$$ (init) S 1" >$0/init; echo up; while :; do sleep 0.05; done' $1`;
    const child = start(`${init} & wait $!; sleep 0.2; exit 3`);
    expect(await firstLine(child)).toBe("up\n");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(3);
  });

  test("ends a child that has no init yet", async () => {
    const child = start("echo up; exec sleep 60");
    await firstLine(child);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(137);
  });
});
