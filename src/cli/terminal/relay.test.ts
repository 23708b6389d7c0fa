import { expect, test } from "bun:test";
import { Duplex, Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { openContext } from "#cli/frame/context.ts";
import { type MemoryIoOptions, memoryIo } from "#cli/test/memory-io.ts";
import type { Engine } from "#engine/connection/engine.ts";
import type { Reply } from "#engine/connection/transport.ts";
import { BerthError } from "#errors.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { endingSignal, relayCommand } from "./relay.ts";

const machine: Machine = {
  name: "web",
  id: "c1",
  state: "running",
  status: "Up",
  network: undefined,
  address: undefined,
  image: "i",
  init: undefined,
  ports: [],
  created: 0,
  owner: undefined,
  labels: {},
};

interface Script {
  readonly output?: readonly (readonly [stream: "stdout" | "stderr", text: string])[];
  readonly status: number;
  /** 0 for a command that was never started. */
  readonly pid?: number;
  /** Ends when it has been sent a signal, not by itself. */
  readonly waits?: boolean;
  /** Gives back its input. */
  readonly echoes?: boolean;
  /** Files that the machine has; undefined where the engine cannot show them. */
  readonly files?: readonly string[];
  /** Called once the command runs. */
  readonly onStart?: () => void;
}

/** An engine of one command, x1; a second exec, x2, is the shell that sends signals. */
function engineOf({ output = [], status, pid = 7, waits = false, echoes = false, files, onStart }: Script) {
  const asked: { path: string; body: unknown }[] = [];
  let execs = 0;
  let running = waits;
  const answer = (value: unknown, code = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
    kind: "answer",
    status: code,
    headers,
    body: Readable.from([Buffer.from(JSON.stringify(value))]),
  });
  const archive = (path: string): Reply => {
    if (files === undefined) return answer({ message: "no files here" }, 500);
    const stat = { name: path, size: 0, mode: 0o644, mtime: "", linkTarget: "" };
    const header = Buffer.from(JSON.stringify(stat)).toString("base64");
    return files.includes(path)
      ? answer("", 200, { "x-docker-container-path-stat": header })
      : answer("", 404);
  };
  const frame = (stream: "stdout" | "stderr", data: string | Buffer) => {
    const header = Buffer.alloc(8);
    header[0] = stream === "stderr" ? 2 : 1;
    header.writeUInt32BE(Buffer.byteLength(data), 4);
    return Buffer.concat([header, Buffer.from(data)]);
  };
  const input: Buffer[] = [];
  const command = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      input.push(chunk);
      done();
    },
    final(done) {
      if (echoes) command.push(frame("stdout", Buffer.concat(input)));
      command.push(null);
      done();
    },
  });
  for (const [stream, text] of output) command.push(frame(stream, text));
  if (!waits && !echoes) command.push(null);
  const end = () => {
    running = false;
    if (!command.destroyed) command.push(null);
  };
  const engine: Engine = {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    async request({ path, body, query }) {
      asked.push({ path, body });
      if (path.endsWith("/containers/c1/json")) return answer({ Config: { Env: ["PATH=/sbin:/bin"] } });
      if (path.endsWith("/containers/c1/archive")) return archive(String(query?.path));
      if (path.endsWith("/containers/c1/exec")) return answer({ Id: `x${++execs}` });
      if (path.endsWith("/exec/x1/start")) {
        onStart?.();
        return { kind: "hijacked", duplex: command };
      }
      if (path.endsWith("/exec/x1/json"))
        return answer({ Running: running, ExitCode: running ? null : status, Pid: pid });
      if (path.endsWith("/top")) return answer({ Titles: [], Processes: [["7", "ff"]] });
      if (path.endsWith("/start")) {
        end();
        return { kind: "hijacked", duplex: Duplex.from(Readable.from([frame("stdout", "")])) };
      }
      return answer({ Running: false, ExitCode: 0, Pid: 8 });
    },
  };
  return { engine, asked };
}

async function relay(
  script: Script,
  options: MemoryIoOptions & {
    readonly stdin?: string;
    readonly json?: boolean;
    readonly interrupt?: boolean;
  },
) {
  const memory = memoryIo(options);
  const global = {
    host: undefined,
    context: undefined,
    file: undefined,
    json: options.json ?? false,
    quiet: false,
    noColor: true,
    debug: false,
  };
  const { context } = openContext(memory.io, global, memory.io.signal);
  const started = Promise.withResolvers<void>();
  const { engine, asked } = engineOf({ ...script, onStart: started.resolve });
  const command = { cmd: ["it"], stdin: options.stdin !== undefined, tty: false };
  const relaying = relayCommand(context, engine, machine, command);
  if (options.interrupt) {
    await started.promise;
    await setImmediate();
    memory.interrupt();
  }
  return { status: await relaying, stdout: memory.stdout(), stderr: memory.stderr(), asked };
}

test.each([0, 1, 7, 126, 127, 255])("the status %d is the command's own", async (status) => {
  const output = [
    ["stdout", "out\n"],
    ["stderr", "err\n"],
  ] as const;
  expect(await relay({ output, status }, {})).toMatchObject({ status, stdout: "out\n", stderr: "err\n" });
});

test.each([
  ["is not there", [], 126, 127],
  ["is there", ["/bin/it"], 127, 126],
  ["is where no one sees it", undefined, 126, 126],
])("a command that cannot be run: its program %s", async (_, files, said, status) => {
  const output = [["stdout", "exec failed: no it\r\n"]] as const;
  expect(await relay({ output, status: said, pid: 0, ...(files && { files }) }, {})).toMatchObject({
    status,
    stdout: "",
    stderr: "berth: web cannot run it: exec failed: no it\n",
  });
});

test("input goes in, and its end too", async () => {
  expect(await relay({ status: 0, echoes: true }, { stdin: "hi\n" })).toMatchObject({
    status: 0,
    stdout: "hi\n",
  });
});

test("--json is one result, with the command's status", async () => {
  const { status, stdout } = await relay({ output: [["stderr", "bad"]], status: 3 }, { json: true });
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toEqual({ machine: "web", status: 3, stdout: "", stderr: "bad" });
});

test("an interruption is passed on, and is 130", async () => {
  const { status, stderr, asked } = await relay({ status: 0, waits: true }, { interrupt: true });
  expect({ status, stderr }).toEqual({ status: 130, stderr: "" });
  const kill = asked.filter(({ path }) => path.endsWith("/containers/c1/exec")).at(-1)?.body as {
    Cmd: readonly string[];
  };
  expect(kill.Cmd.slice(-2)).toEqual(["INT", "255"]);
});

test("a machine that does not run is a conflict", async () => {
  const memory = memoryIo();
  const global = {
    host: undefined,
    context: undefined,
    file: undefined,
    json: false,
    quiet: false,
    noColor: true,
    debug: false,
  };
  const { context } = openContext(memory.io, global, memory.io.signal);
  const relaying = relayCommand(
    context,
    engineOf({ status: 0 }).engine,
    { ...machine, state: "exited" },
    { cmd: ["it"], stdin: false, tty: false },
  );
  expect(relaying).rejects.toMatchObject({ code: "conflict", hint: "start it first: berth start web" });
});

test.each([
  [new BerthError("interrupted", "", { details: { signal: "SIGTERM" } }), false, "TERM"],
  [new BerthError("interrupted", ""), false, "INT"],
  [new BerthError("interrupted", "", { details: { signal: "SIGINT" } }), true, "HUP"],
  [Object.assign(new Error(), { code: "EPIPE" }), false, "PIPE"],
])("%# the signal that ends it", (reason, tty, expected) => {
  expect(endingSignal(reason, tty)).toBe(expected);
});
