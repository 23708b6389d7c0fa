import type { Duplex, Readable } from "node:stream";
import { createDemuxer, type OutputChunk } from "#api/demux.ts";
import type { Engine } from "./engine.ts";
import { explainFailure } from "./failure.ts";

/** A connection into a running process. */
export interface Session {
  /**
   * Writing goes to the process's standard input; `end()` closes that alone. With a terminal, reading it
   * gives the raw bytes.
   */
  readonly duplex: Duplex;
  /**
   * The process's output until it ends; read either this or `duplex`. With a terminal all of it is "stdout".
   */
  readonly output: AsyncIterable<OutputChunk>;
  /** Drops the connection. */
  readonly close: () => void;
}

export function openSession(engine: Engine, duplex: Duplex, tty: boolean, signal?: AbortSignal): Session {
  return { duplex, output: readOutput(engine, duplex, tty, signal), close: () => duplex.destroy() };
}

/**
 * The output in a stream as it comes, taken apart unless it is a terminal's. Leaving the loop early drops the
 * connection. Throws `engine-lost` or `interrupted` when the stream breaks, `engine-api` when the engine
 * reports an error inside it.
 */
export function readOutput(
  engine: Engine,
  stream: Readable,
  tty: boolean,
  signal?: AbortSignal,
): AsyncIterable<OutputChunk> {
  holdErrors(stream);
  return tty ? rawOutput(engine, stream, signal) : framedOutput(engine, stream, signal);
}

async function* rawOutput(
  engine: Engine,
  stream: Readable,
  signal?: AbortSignal,
): AsyncGenerator<OutputChunk> {
  for await (const data of readChunks(engine, stream, signal)) yield { stream: "stdout", data };
}

async function* framedOutput(
  engine: Engine,
  stream: Readable,
  signal?: AbortSignal,
): AsyncGenerator<OutputChunk> {
  const demuxer = createDemuxer();
  for await (const data of readChunks(engine, stream, signal)) yield* demuxer.push(data);
  demuxer.end();
}

/**
 * An error between opening and reading must not end the process: the stream keeps it, and the reading throws
 * it.
 */
export function holdErrors(stream: Readable): void {
  stream.on("error", () => undefined);
}

export async function* readChunks(
  engine: Engine,
  stream: Readable,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw explainFailure(cause, engine.endpoint, signal);
  }
}

/** The bytes alone, of both outputs. */
export async function* outputBytes(output: AsyncIterable<OutputChunk>): AsyncGenerator<Buffer> {
  for await (const { data } of output) yield data;
}
