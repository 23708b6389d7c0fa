import { errorToJson, renderCauses, renderError, toBerthError } from "#cli/render/error.ts";
import { renderJson } from "#cli/render/json.ts";
import { versionLine } from "#cli/version.ts";
import { BerthError, hasCode } from "#errors.ts";
import type { Registry } from "./command.ts";
import { errorView, openContext } from "./context.ts";
import { type GlobalOptions, guessGlobals } from "./global-options.ts";
import { drain, type Io, write } from "./io.ts";
import { isBrokenPipe, outputLoss, watchOutputs } from "./output-loss.ts";
import { type Invocation, parse } from "./parse.ts";

/** What a shell shows for a program that SIGPIPE ended: 128 + 13. */
const brokenPipe = 141;
const interrupted = new BerthError("interrupted", "").exitStatus;

/**
 * Parses the command line, calls the command and reports its failure; a failed write to an output is one.
 * Resolves to the exit status once the system has taken everything written; never rejects.
 */
export async function execute(argv: readonly string[], io: Io, registry: Registry): Promise<number> {
  const lost = watchOutputs(io);
  let global = guessGlobals(argv);
  try {
    const invocation = await parse(argv, io.env, io.columns(), registry);
    if (invocation.kind === "command") global = invocation.global;
    const status = await invoke(invocation, io, AbortSignal.any([io.signal, lost]), registry);
    await Promise.all([drain(io.stdout), drain(io.stderr)]);
    // An interrupted command may still choose its status, as a server does.
    return status ?? (io.signal.aborted ? interrupted : 0);
  } catch (thrown) {
    return await fail(outputLoss(io) ?? thrown, io, global);
  }
}

async function invoke(
  invocation: Invocation,
  io: Io,
  signal: AbortSignal,
  registry: Registry,
): Promise<number | undefined> {
  if (invocation.kind === "help") return void (await write(io.stdout, invocation.text));
  if (invocation.kind === "version") return void (await write(io.stdout, versionLine()));
  const { context, close } = openContext(io, invocation.global, signal);
  try {
    return await invocation.spec.action({ ...context, registry }, invocation.args, invocation.options);
  } finally {
    close();
  }
}

async function fail(thrown: unknown, io: Io, global: GlobalOptions): Promise<number> {
  if (isBrokenPipe(thrown)) return io.signal.aborted ? interrupted : brokenPipe;
  const error =
    thrown === io.signal.reason || isAbort(thrown) ? interruption(io, thrown) : toBerthError(thrown);
  try {
    await report(error, io, global);
    if (global.debug) await write(io.stderr, renderCauses(thrown));
  } catch (failure) {
    // The error cannot be written; the status still reports it.
    return isBrokenPipe(failure) ? brokenPipe : error.exitStatus;
  }
  return io.signal.aborted ? interrupted : error.exitStatus;
}

/** Reports an error: with --json on standard output; else, or if that fails, on standard error. */
async function report(error: BerthError, io: Io, global: GlobalOptions): Promise<void> {
  if (global.json && !io.stdout.errored) {
    try {
      return await write(io.stdout, renderJson(errorToJson(error)));
    } catch (failure) {
      if (isBrokenPipe(failure)) throw failure;
    }
  }
  await write(io.stderr, renderError(error, errorView(io, global)));
}

function isAbort(thrown: unknown): boolean {
  return hasCode(thrown, "interrupted") || (thrown instanceof Error && thrown.name === "AbortError");
}

function interruption(io: Io, thrown: unknown): BerthError {
  const reason: unknown = io.signal.reason;
  return reason instanceof BerthError ? reason : toBerthError(thrown);
}
