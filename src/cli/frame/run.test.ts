import { describe, expect, test } from "bun:test";
import { EventEmitter, once } from "node:events";
import { registry } from "#cli/registry.ts";
import { type MemoryIoOptions, memoryIo } from "#cli/test/memory-io.ts";
import { BerthError } from "#errors.ts";
import { parseCpus } from "#machinefile/value/limit.ts";
import { version } from "../../../package.json";
import { defineCommand, isGroup, type Registry } from "./command.ts";
import { run } from "./run.ts";

const seen: unknown[] = [];
/** Emits "waits" when a command has come to where it waits for an interruption. */
const commandState = new EventEmitter();
const loaded: string[] = [];

/**
 * Commands of the shapes the real ones have: variables, lists, a letter of a global option, words to pass on,
 * a group.
 */
const up = defineCommand({
  name: "up",
  summary: "Boot machines",
  description: "Boots machines.",
  arguments: [
    {
      name: "names",
      description: "machines",
      required: false,
      variadic: true,
      env: "NAMES",
      completes: "machine",
    },
  ],
  options: {
    image: { short: "i", value: "IMAGE", description: "root", env: "IMAGE" },
    label: { value: "LABEL", repeat: true, description: "label" },
    profile: { value: "PROFILE", description: "rights", choices: ["strict", "full"], default: "full" },
    cpus: { value: "N", description: "share", parse: parseCpus },
    noTrunc: { description: "cut nothing off" },
  },
  examples: [{ command: "berth up web", description: "Boot one" }],
  async action(context, args, options) {
    const names: readonly string[] = args.names;
    const cpus: number | undefined = options.cpus;
    const profile: "strict" | "full" = options.profile;
    seen.push({ ...options, names, cpus, profile, global: context.global });
    return undefined;
  },
});

const logs = defineCommand({
  name: "logs",
  summary: "Show the journal",
  description: "Shows it.",
  arguments: [{ name: "name", description: "machine" }],
  options: { follow: { short: "f", description: "go on" } },
  examples: [{ command: "berth logs web", description: "Show it" }],
  async action(context, args, options) {
    seen.push({ name: args.name, follow: options.follow, file: context.global.file });
    return undefined;
  },
});

const exec = defineCommand({
  name: "exec",
  summary: "Run a program",
  description: "Runs it.",
  arguments: [
    { name: "name", description: "machine" },
    { name: "command", description: "words", variadic: true },
  ],
  passThrough: true,
  examples: [{ command: "berth exec web ls", description: "Run ls" }],
  async action(context, args) {
    seen.push({ ...args, json: context.global.json });
    return 7;
  },
});

const act = (name: string, action: Parameters<typeof defineCommand>[0]["action"]) =>
  defineCommand({
    name,
    summary: name,
    description: name,
    examples: [{ command: `berth ${name}`, description: name }],
    action,
  });

const dns = {
  name: "dns",
  summary: "Names",
  description: "Names.",
  examples: [{ command: "berth dns serve", description: "Serve" }] as const,
  commands: [
    act("serve", async ({ global }) => {
      seen.push(global);
      return undefined;
    }),
  ],
};

/** A group that is a command itself. */
const loader = {
  name: "loader",
  summary: "Services",
  description: "Services.",
  examples: [{ command: "berth loader", description: "Run" }] as const,
  default: "run",
  commands: [
    defineCommand({
      name: "run",
      summary: "Run",
      description: "Runs.",
      options: { grace: { value: "SECONDS", description: "time", parse: Number } },
      examples: [{ command: "berth loader run", description: "Run" }],
      async action({ global }, _args, { grace }) {
        seen.push({ called: "run", grace, json: global.json, host: global.host });
        return undefined;
      },
    }),
    act("image", async () => {
      seen.push({ called: "image" });
      return undefined;
    }),
  ],
};

const failures = {
  missing: () =>
    new BerthError("not-found", "there is no machine web", {
      hint: "See 'berth ls'.",
      details: { name: "web" },
    }),
  bug: () => new TypeError("x is undefined", { cause: new Error("deeper") }),
};

const commands: Registry = [
  ...[up, logs, exec, dns, loader].map((command) => ({
    name: command.name,
    ...(command === up ? { aliases: ["boot"] } : {}),
    summary: command.summary,
    group: "Machines" as const,
    load: async () => {
      loaded.push(command.name);
      return { command };
    },
  })),
  ...[
    ...Object.entries(failures).map(([name, make]) => act(name, () => Promise.reject(make()))),
    act("flood", async (context) => {
      for (let line = 0; line < 100; line += 1) await context.item({ line }, () => `line ${line}\n`);
      return undefined;
    }),
    act("wait", async (context) => {
      context.progress().update("web", { state: "booting" });
      await new Promise<void>((_resolve, reject) => {
        context.signal.addEventListener("abort", () => {
          seen.push("cleaned up");
          reject(context.signal.reason);
        });
        commandState.emit("waits");
      });
      return undefined;
    }),
    act("serve", async (context) => {
      await new Promise<void>((resolve) => {
        context.signal.addEventListener("abort", () => resolve());
        commandState.emit("waits");
      });
      return 0;
    }),
    act("say", async (context) => {
      context.note("note");
      context.warn("careful");
      await context.result({ a: 1 }, () => "a is 1\n");
      return undefined;
    }),
  ].map((command) => ({
    name: command.name,
    summary: command.summary,
    group: "Other" as const,
    load: async () => ({ command }),
  })),
];

async function call(line: string, options: MemoryIoOptions = {}, table: Registry = commands) {
  seen.length = 0;
  loaded.length = 0;
  const memory = memoryIo(options);
  const status = await run(line.split(" ").filter(Boolean), memory.io, table);
  return { status, stdout: memory.stdout(), stderr: memory.stderr(), first: seen[0] };
}

describe("values", () => {
  const defaults = {
    image: undefined,
    label: [],
    profile: "full",
    cpus: undefined,
    noTrunc: false,
    names: [],
  };
  const table: readonly [string, Readonly<Record<string, string>>, object][] = [
    ["up", {}, defaults],
    ["boot", {}, defaults],
    ["up web db -i debian", {}, { ...defaults, names: ["web", "db"], image: "debian" }],
    [
      "up --label=a --label b --no-trunc --cpus 1.5",
      {},
      { ...defaults, label: ["a", "b"], noTrunc: true, cpus: 1.5 },
    ],
    ["up", { NAMES: "web db", IMAGE: "x" }, { ...defaults, names: ["web", "db"], image: "x" }],
    ["up mail --image y", { NAMES: "web db", IMAGE: "x" }, { ...defaults, names: ["mail"], image: "y" }],
    ["up", { IMAGE: "" }, defaults],
    ["logs -f web", {}, { name: "web", follow: true, file: undefined }],
    ["-f m.yaml logs -f web", {}, { name: "web", follow: true, file: "m.yaml" }],
    ["logs web --file n.yaml", {}, { name: "web", follow: false, file: "n.yaml" }],
    ["loader", {}, { called: "run", grace: undefined, json: false }],
    ["loader run", {}, { called: "run" }],
    ["loader image", {}, { called: "image" }],
    ["-H tcp://a:1 loader --json --grace 3", {}, { called: "run", grace: 3, json: true, host: "tcp://a:1" }],
    ["loader --json run --grace=3", {}, { called: "run", grace: 3, json: true }],
    ["exec web ls --json -l", {}, { name: "web", command: ["ls", "--json", "-l"], json: false }],
    ["exec --json web -- ls -- x", {}, { name: "web", command: ["ls", "--", "x"], json: true }],
  ];
  test.each(table)("%s %o", async (line, env, expected) => {
    const { first, stderr } = await call(line, { env });
    expect(stderr).toBe("");
    expect(first).toMatchObject(expected);
  });

  test("global options stand before or after", async () => {
    const before = await call("--json -H tcp://a:1 -q --debug dns serve");
    expect(before.first).toMatchObject({ json: true, host: "tcp://a:1", quiet: true, debug: true });
    const between = await call("dns --context c serve --format json --no-color");
    expect(between.first).toMatchObject({ json: true, context: "c", noColor: true });
  });

  test("only the called command is loaded", async () => {
    await call("logs web");
    expect(loaded).toEqual(["logs"]);
  });
});

describe("wrong usage", () => {
  const table: readonly [string, string, string][] = [
    ["upp", "unknown command 'upp'", "Did you mean up?"],
    ["upp --help", "unknown command 'upp'", "Did you mean up?"],
    ["up --imge x", "unknown option '--imge'", "Did you mean --image?"],
    ["--hots x up", "unknown option '--hots'", "Did you mean --host?"],
    ["dns srve", "unknown command 'srve'", "Did you mean serve?"],
    ["loader imge", "unknown command 'imge'", "Did you mean image?"],
    ["loader --graec 3", "unknown option '--graec'", "Did you mean --grace?"],
    ["up --profile open", 'invalid value "open" for --profile', "Give one of: strict, full."],
    ["logs", "missing argument NAME", "See 'berth logs --help'."],
    ["logs a b", "too many arguments", "See 'berth logs --help'."],
    ["up --image", "argument missing", "See 'berth up --help'."],
    ["--host a --context b up", "--host and --context", "Give one of the two."],
  ];
  test.each(table)("%s", async (line, message, hint) => {
    const { status, stdout, stderr } = await call(line);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toStartWith("berth: ");
    expect(stderr.split("\n")[0]).toContain(message);
    expect(stderr.split("\n")[1]).toStartWith("  → ");
    expect(stderr.split("\n")[1]).toContain(hint);
  });

  test("an option's own complaint names the option", async () => {
    const { status, stderr } = await call("up --cpus x");
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'berth: --cpus: invalid number of CPUs "x" (example: 1.5; 0.01 to 65536)\n',
    });
  });

  test.each(["upp --json", "--format=json up --imge x", "logs --format json"])(
    "%s says it in JSON",
    async (line) => {
      const { status, stdout, stderr } = await call(line);
      expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
      expect(JSON.parse(stdout).error.code).toBe("usage");
    },
  );
});

describe("failures", () => {
  test("the status comes from the code", async () => {
    const { status, stdout, stderr } = await call("missing");
    expect({ status, stdout, stderr }).toEqual({
      status: 4,
      stdout: "",
      stderr: "berth: there is no machine web\n  → See 'berth ls'.\n",
    });
  });

  test("--json puts it on standard output alone", async () => {
    const { status, stdout, stderr } = await call("missing --json");
    expect({ status, stderr }).toEqual({ status: 4, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "not-found",
        message: "there is no machine web",
        hint: "See 'berth ls'.",
        details: { name: "web" },
      },
    });
  });

  test("anything else thrown is internal and points to --debug", async () => {
    const { status, stderr } = await call("bug");
    expect(status).toBe(1);
    expect(stderr).toContain("--debug");
    expect(stderr).not.toContain("    at ");
    expect(JSON.parse((await call("bug --json")).stdout).error.code).toBe("internal");
  });

  test("--debug prints the causes and the stack", async () => {
    const { stderr } = await call("bug --debug");
    expect(stderr).toContain("TypeError: x is undefined");
    expect(stderr).toContain("caused by: Error: deeper");
    expect(stderr).toMatch(/^\s+at /m);
  });

  test("the command's own status is kept", async () => {
    expect((await call("exec web false")).status).toBe(7);
  });
});

describe("output", () => {
  test.each([
    ["say", "a is 1\n", "note\nberth: warning: careful\n"],
    ["say --quiet", "a is 1\n", "berth: warning: careful\n"],
    ["say --json", '{\n  "a": 1\n}\n', "berth: warning: careful\n"],
  ])("%s", async (line, stdout, stderr) => {
    expect(await call(line)).toMatchObject({ status: 0, stdout, stderr });
  });

  test("a reader that leaves ends it quietly", async () => {
    const { status, stdout, stderr } = await call("flood", { pipeClosesAfter: 30 });
    expect({ status, stdout, stderr }).toEqual({
      status: 141,
      stdout: "line 0\nline 1\nline 2\nline 3\n",
      stderr: "",
    });
  });
});

describe("interruption", () => {
  async function interrupted(line: string, options: MemoryIoOptions = {}) {
    seen.length = 0;
    const memory = memoryIo(options);
    const waits = once(commandState, "waits");
    const running = run(line.split(" "), memory.io, commands);
    await waits;
    memory.interrupt();
    return { status: await running, stdout: memory.stdout(), stderr: memory.stderr() };
  }

  test("the command cleans up, the status is 130", async () => {
    const { status, stderr } = await interrupted("wait");
    expect(seen).toEqual(["cleaned up"]);
    expect(status).toBe(130);
    expect(stderr).toBe("web: booting\nberth: interrupted by SIGINT\n");
  });

  test("the cursor comes back", async () => {
    const { stderr } = await interrupted("wait", { terminal: true });
    expect(stderr).toStartWith("\x1b[?25l");
    expect(stderr.lastIndexOf("\x1b[?25h")).toBeGreaterThan(stderr.lastIndexOf("\x1b[?25l"));
  });

  test("in JSON too", async () => {
    const { status, stdout, stderr } = await interrupted("wait --json");
    expect({ status, stderr }).toEqual({ status: 130, stderr: "" });
    expect(JSON.parse(stdout).error.code).toBe("interrupted");
  });

  test("a server that ends in peace says so itself", async () => {
    expect((await interrupted("serve")).status).toBe(0);
  });
});

describe("help and version", () => {
  test.each(["", "--help", "-h", "help", "--json"])("berth %s lists the commands by group", async (line) => {
    const { status, stdout, stderr } = await call(line, {}, line === "help" ? registry : commands);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toStartWith("Usage: berth [OPTIONS] COMMAND\n");
    if (line !== "help") expect(stdout.indexOf("\nMachines:\n")).toBeLessThan(stdout.indexOf("\nOther:\n"));
    expect(stdout).not.toContain("__complete");
  });

  test("a group alone, or with --help, shows its commands", async () => {
    for (const line of ["dns", "dns --help"]) {
      const { status, stdout } = await call(line);
      expect(status).toBe(0);
      expect(stdout).toContain("Commands:\n  serve");
    }
    expect((await call("dns serve --help")).stdout).toStartWith("Usage: berth dns serve [OPTIONS]\n");
  });

  test("a group that is a command itself shows its commands only when asked", async () => {
    for (const line of ["loader --help", "loader -h", "loader --json --help"]) {
      const { status, stdout } = await call(line);
      expect({ status, seen }).toEqual({ status: 0, seen: [] });
      expect(stdout).toStartWith("Usage: berth loader [COMMAND]\n");
      expect(stdout).toContain("Commands:\n  run");
    }
    expect((await call("loader run --help")).stdout).toStartWith("Usage: berth loader run [OPTIONS]\n");
  });

  test.each(["--version", "-v", "-q --version", "version"])("berth %s", async (line) => {
    const { status, stdout, stderr } = await call(line, {}, line === "version" ? registry : commands);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `berth ${version}\n`, stderr: "" });
  });
});

describe("every command", () => {
  test.each(registry.map((entry) => [entry.name, entry] as const))("%s", async (name, entry) => {
    const { command } = await entry.load();
    expect({ name: command.name, summary: command.summary }).toEqual({ name, summary: entry.summary });
    expect(command.summary).not.toEndWith(".");
    for (const example of command.examples) expect(example.command).toContain("berth");
    const paths = isGroup(command)
      ? [name, ...command.commands.map((child) => `${name} ${child.name}`)]
      : [name];
    for (const path of paths) {
      const { status, stdout } = await call(`${path} --help`, { columns: 80 }, registry);
      expect(status).toBe(0);
      expect(stdout).toContain("Examples:\n");
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test("the list fits 80 columns", async () => {
    const { stdout } = await call("", { columns: 80 }, registry);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });
});
