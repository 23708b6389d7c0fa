/**
 * Bytes: what a command in a machine, an image or an engine may say of itself before nothing more is kept.
 */
export const mostCaptured = 1024 * 1024;

/** Output that is kept, up to a limit: who says it is not to be trusted with our memory. */
export interface Capture {
  /** Keeps what there is room for. Returns false once something was cut off: nothing more is wanted then. */
  push(bytes: Uint8Array): boolean;
  readonly isCut: boolean;
  /** As UTF-8; where it was cut, a last line says so. */
  text(): string;
}

/** A capture of at most so many bytes. */
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

/** The text of a stream that should be short; it is left as soon as there is too much. */
export async function captureText(chunks: AsyncIterable<Uint8Array>, most?: number): Promise<Capture> {
  const capture = createCapture(most);
  for await (const chunk of chunks) if (!capture.push(chunk)) break;
  return capture;
}
