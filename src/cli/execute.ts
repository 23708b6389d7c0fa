import { BerthError, hasCode } from "../errors.ts";
import type { Registry } from "./command.ts";
import { openContext } from "./context.ts";
import { type GlobalOptions, guessGlobals } from "./global-options.ts";
import { type Io, write } from "./io.ts";
import { type Invocation, parse } from "./parse.ts";
import { createStyle, wantsColor } from "./render/color.ts";
import { errorToJson, renderCauses, renderError, toBerthError } from "./render/error.ts";
import { renderJson } from "./render/json.ts";
import { versionLine } from "./version.ts";

/** What a shell shows for a program that SIGPIPE ended: 128 + 13. */
const brokenPipe = 141;

/** Parses the command line, calls the command and tells about its failure. Resolves to the exit status, never rejects. */
export async function execute(argv: readonly string[], io: Io, registry: Registry): Promise<number> {
  const readerLeft = new AbortController();
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE") readerLeft.abort(error);
  };
  // Without a listener a closed pipe would end the process with a stack; other errors reach the writer that waits.
  // They stay: a late write may fail while the streams are flushed.
  io.stdout.on("error", onError);
  io.stderr.on("error", onError);
  let global = guessGlobals(argv);
  try {
    const invocation = await parse(argv, io.env, io.columns(), registry);
    if (invocation.kind === "command") global = invocation.global;
    const status = await invoke(invocation, io, AbortSignal.any([io.signal, readerLeft.signal]), registry);
    if (readerLeft.signal.aborted) return brokenPipe;
    // A command that was interrupted and yet says how it ended, as a server does, knows best.
    return status ?? (io.signal.aborted ? 130 : 0);
  } catch (thrown) {
    if (readerLeft.signal.aborted || isBrokenPipe(thrown)) return brokenPipe;
    return await fail(thrown, io, global);
  }
}

async function invoke(invocation: Invocation, io: Io, signal: AbortSignal, registry: Registry): Promise<number | undefined> {
  if (invocation.kind === "help") return void (await write(io.stdout, invocation.text));
  if (invocation.kind === "version") return void (await write(io.stdout, versionLine()));
  const { context, close } = openContext(io, invocation.global, signal, registry);
  try {
    return await invocation.spec.action(context, invocation.args, invocation.options);
  } finally {
    close();
  }
}

async function fail(thrown: unknown, io: Io, global: GlobalOptions): Promise<number> {
  const error = thrown === io.signal.reason || isAbort(thrown) ? interruption(io, thrown) : toBerthError(thrown);
  const style = createStyle(wantsColor(io.stderrIsTerminal, global.noColor, io.env));
  try {
    if (global.json) await write(io.stdout, renderJson(errorToJson(error)));
    else await write(io.stderr, renderError(error, style));
    if (global.debug) await write(io.stderr, renderCauses(thrown));
  } catch (failure) {
    // Nobody is left to tell; the status still says it.
    return isBrokenPipe(failure) ? brokenPipe : error.exitStatus;
  }
  return io.signal.aborted ? 130 : error.exitStatus;
}

function isAbort(thrown: unknown): boolean {
  return hasCode(thrown, "interrupted") || (thrown instanceof Error && thrown.name === "AbortError");
}

function interruption(io: Io, thrown: unknown): BerthError {
  const reason: unknown = io.signal.reason;
  return reason instanceof BerthError ? reason : toBerthError(thrown);
}

function isBrokenPipe(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "EPIPE" && "syscall" in thrown && thrown.syscall === "write";
}
