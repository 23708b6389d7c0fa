import type { OutputChunk } from "../engine/demux.ts";
import { createLinePrefixer, createLineSplitter } from "../engine/lines.ts";
import type { Context } from "./context.ts";
import { write } from "./io.ts";

/** Where a machine's log goes. */
export interface LogSink {
  push(chunk: OutputChunk): Promise<void>;
  end(): Promise<void>;
}

/** As it comes, binary data too. */
export function rawSink({ io }: Context): LogSink {
  return { push: ({ stream, data }) => write(io[stream], data), end: async () => undefined };
}

/** Whole lines, each behind a prefix. */
export function prefixSink({ io }: Context, prefix: string): LogSink {
  const prefixers = { stdout: createLinePrefixer(prefix), stderr: createLinePrefixer(prefix) };
  return {
    push: ({ stream, data }) => write(io[stream], prefixers[stream].push(data)),
    async end() {
      await write(io.stdout, prefixers.stdout.end());
      await write(io.stderr, prefixers.stderr.end());
    },
  };
}

/** Lines of JSON, made of the lines on standard output by `read`; standard error stays text. */
export function jsonSink(context: Context, machine: string, read: (line: string) => Readonly<Record<string, unknown>>): LogSink {
  const splitter = createLineSplitter();
  const item = (line: Buffer) => context.item({ machine, ...read(line.toString()) }, () => "");
  const errors = prefixSink(context, `${machine}: `);
  return {
    async push(chunk) {
      if (chunk.stream === "stderr") return errors.push(chunk);
      for (const line of splitter.push(chunk.data)) if (line.length > 0) await item(line);
    },
    async end() {
      const rest = splitter.end();
      if (rest !== undefined) await item(rest);
      await errors.end();
    },
  };
}

/** An entry of `journalctl --output=json`. */
export function readJournalLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not an entry, such as a remark of journalctl: it is shown as it is.
  }
  return { MESSAGE: line };
}

/** A line of the console with the engine's time before it, in the journal's own terms: microseconds of Unix time, as text. */
export function readConsoleLine(line: string): Readonly<Record<string, unknown>> {
  const [, time, fraction = "", message] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z ?(.*)$/s.exec(line) ?? [];
  if (time === undefined || message === undefined) return { MESSAGE: line.replace(/\r$/, "") };
  const seconds = Date.parse(`${time}Z`) / 1000;
  return { __REALTIME_TIMESTAMP: `${seconds}${fraction.slice(0, 6).padEnd(6, "0")}`, MESSAGE: message.replace(/\r$/, "") };
}
