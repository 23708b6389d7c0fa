/** Limit in bytes of the output that is kept of a command in a machine, an image or an engine. */
export const mostCaptured = 1024 * 1024;

/** Output kept up to a limit, since an untrusted command must not use up our memory. */
export interface Capture {
  /** Keeps what there is room for. Returns false once something was cut off: nothing more is wanted then. */
  push(bytes: Uint8Array): boolean;
  readonly isCut: boolean;
  /** As UTF-8; truncated output ends with a line that tells so. */
  text(): string;
}

/** A capture with this limit in bytes. */
export function createCapture(most: number = mostCaptured): Capture {
  const kept: Uint8Array[] = [];
  let room = most;
  let isCut = false;
  return {
    push(bytes) {
      if (bytes.length > room) isCut = true;
      if (room > 0) kept.push(bytes.subarray(0, room));
      room = Math.max(0, room - bytes.length);
      return !isCut;
    },
    get isCut() {
      return isCut;
    },
    text: () => Buffer.concat(kept).toString() + (isCut ? `\n… cut at ${sizeOf(most)}` : ""),
  };
}

/** Limits are whole KiB or MiB. */
export function sizeOf(bytes: number): string {
  return bytes % (1024 * 1024) === 0 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`;
}

/** Captures a stream up to the limit, then leaves it. */
export async function captureText(chunks: AsyncIterable<Uint8Array>, most?: number): Promise<Capture> {
  const capture = createCapture(most);
  for await (const chunk of chunks) if (!capture.push(chunk)) break;
  return capture;
}
