import type { ProgressMessage } from "#api/progress-message.ts";
import { BerthError } from "#errors.ts";
import type { Engine } from "./engine.ts";
import { createLineSplitter } from "./lines.ts";
import { holdErrors, readChunks } from "./output.ts";
import type { StreamReply } from "./request.ts";

/**
 * The values of a stream of JSON documents, one a line, as events, statistics and progress come. Throws like
 * `readOutput`.
 */
export function readJsonLines<T>(engine: Engine, reply: StreamReply, signal?: AbortSignal): AsyncIterable<T> {
  holdErrors(reply.body);
  return parseJsonLines<T>(readChunks(engine, reply.body, signal));
}

/** Bytes of one document: labels and the like have no limit of the engine's own. */
const longestDocument = 16 * 1024 * 1024;

/**
 * Splits text into lines wherever the chunks break, and parses each. Empty lines do not count. Throws
 * `engine-api` for what is not JSON.
 */
export async function* parseJsonLines<T>(chunks: AsyncIterable<Buffer>): AsyncGenerator<T> {
  const splitter = createLineSplitter(longestDocument);
  for await (const chunk of chunks) for (const line of splitter.push(chunk)) yield* parseLine<T>(line);
  yield* parseLine<T>(splitter.end() ?? Buffer.alloc(0));
}

function* parseLine<T>(bytes: Buffer): Generator<T> {
  const line = bytes.toString();
  if (line.trim() === "") return;
  try {
    yield JSON.parse(line) as T;
  } catch (cause) {
    throw new BerthError("engine-api", "invalid JSON line in the engine's stream", {
      cause,
      details: { line: line.slice(0, 400) },
    });
  }
}

/**
 * Reads progress to its end. These calls answer 200 before they work, so an error comes as a line: thrown as
 * `engine-api`.
 */
export async function readMessages(
  engine: Engine,
  reply: StreamReply,
  signal?: AbortSignal,
  onMessage?: (message: ProgressMessage) => void,
): Promise<void> {
  for await (const message of readJsonLines<ProgressMessage>(engine, reply, signal)) {
    const trouble = message.errorDetail?.message ?? message.error;
    if (trouble !== undefined)
      throw new BerthError("engine-api", trouble, {
        details: { message: trouble, code: message.errorDetail?.code },
      });
    onMessage?.(message);
  }
}
