import type { OutputChunk } from "#api/demux.ts";
import type { Context } from "#cli/frame/context.ts";
import { write } from "#cli/frame/io.ts";
import { colouredLine } from "#cli/render/text.ts";
import { createLineDresser, createLineSplitter } from "#engine/connection/lines.ts";

/** Where a machine's log goes. */
export interface LogSink {
  push(chunk: OutputChunk): Promise<void>;
  end(): Promise<void>;
}

/**
 * For people, each line behind a prefix if there is one: on a terminal lines that it can do no harm with,
 * else every byte as it comes.
 */
export function textSink(context: Context, prefix = ""): LogSink {
  const { io } = context;
  const shown = { stdout: io.stdoutIsTerminal, stderr: io.stderrIsTerminal };
  const dress = (stream: OutputChunk["stream"]) =>
    createLineDresser((line) => Buffer.concat([Buffer.from(prefix), shown[stream] ? plain(line) : line]));
  const dressers = { stdout: dress("stdout"), stderr: dress("stderr") };
  const isRaw = (stream: OutputChunk["stream"]) => prefix === "" && !shown[stream];
  return {
    push: ({ stream, data }) => write(io[stream], isRaw(stream) ? data : dressers[stream].push(data)),
    async end() {
      await write(io.stdout, dressers.stdout.end());
      await write(io.stderr, dressers.stderr.end());
    },
  };
}

const plain = (line: Buffer) => Buffer.from(colouredLine(line.toString()));

/** Lines of JSON, made of the lines on standard output by `read`; standard error stays text. */
export function jsonSink(
  context: Context,
  machine: string,
  read: (line: string) => Readonly<Record<string, unknown>>,
): LogSink {
  const splitter = createLineSplitter();
  const item = (line: Buffer) => {
    // A line must not claim to be another machine's.
    const { machine: _theirs, ...entry } = read(line.toString());
    return context.item({ machine, ...entry }, () => "");
  };
  const errors = textSink(context, `${machine}: `);
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

/**
 * A field of a journal is text, or its bytes, or a list of such: systemd's JOURNAL_EXPORT_FORMATS, Journal
 * JSON Format.
 */
const deepestField = 2;

/**
 * An entry of `journalctl --output=json`, or whatever the machine has in its place: what is nested deeper
 * could not even be written again.
 */
export function parseJournalLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && isWithin(value, deepestField + 1))
      return value as Record<string, unknown>;
  } catch {
    // Not an entry but, for example, a remark of journalctl: pass it on as a message.
  }
  return { MESSAGE: line };
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}

/**
 * A line of the console with the engine's time before it, in the journal's own terms: microseconds of Unix
 * time, as text.
 */
export function parseConsoleLine(line: string): Readonly<Record<string, unknown>> {
  const [, time, fraction = "", message] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z ?(.*)$/s.exec(line) ?? [];
  if (time === undefined || message === undefined) return { MESSAGE: line.replace(/\r$/, "") };
  const seconds = Date.parse(`${time}Z`) / 1000;
  return {
    __REALTIME_TIMESTAMP: `${seconds}${fraction.slice(0, 6).padEnd(6, "0")}`,
    MESSAGE: message.replace(/\r$/, ""),
  };
}
