import { mostCaptured } from "#api/capture.ts";

const lineFeed = 0x0a;

/** Cuts output that comes in pieces into lines. */
export interface LineSplitter {
  /** The lines that are complete now, without their line feed. */
  push(bytes: Buffer): readonly Buffer[];
  /** What stands behind the last line feed; undefined when nothing does. */
  end(): Buffer | undefined;
}

/**
 * A line of more than `most` bytes comes in pieces, each as a line, so that one without an end fills no
 * memory.
 */
export function createLineSplitter(most: number = mostCaptured): LineSplitter {
  let pending: Buffer[] = [];
  let held = 0;
  let isInside = false;
  const take = (last: Buffer): Buffer => {
    const line = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    held = 0;
    return line;
  };
  return {
    push(bytes) {
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
        const line = take(bytes.subarray(start, end));
        if (!isInside || line.length > 0) lines.push(line);
        isInside = false;
        start = end + 1;
      }
      if (start < bytes.length) pending.push(bytes.subarray(start));
      held += bytes.length - start;
      if (held >= most) {
        lines.push(take(Buffer.alloc(0)));
        isInside = true;
      }
      return lines;
    },
    end: () => (pending.length === 0 ? undefined : take(Buffer.alloc(0))),
  };
}

/**
 * Changes every line; output is held until its line is complete, so that lines of several machines stay
 * whole.
 */
export interface LineDresser {
  push(bytes: Buffer): Buffer;
  end(): Buffer;
}

/** `dress` gets lines without their line feed. */
export function createLineDresser(dress: (line: Buffer) => Buffer): LineDresser {
  const splitter = createLineSplitter();
  const feed = Buffer.from([lineFeed]);
  const dressAll = (lines: readonly Buffer[]) => Buffer.concat(lines.flatMap((line) => [dress(line), feed]));
  return {
    push: (bytes) => dressAll(splitter.push(bytes)),
    end() {
      const rest = splitter.end();
      return dressAll(rest === undefined ? [] : [rest]);
    },
  };
}
