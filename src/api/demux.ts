import { createCapture } from "#api/capture.ts";
import { BerthError } from "#errors.ts";

/** A piece of a process's output. Pieces do not end where lines or writes end. */
export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Buffer;
}

/** Takes apart the stream an engine sends for a container without a terminal. */
export interface Demuxer {
  /**
   * The output in these bytes. A frame may arrive in any number of pieces. Throws `engine-api` for an invalid
   * frame.
   */
  push(bytes: Buffer): readonly OutputChunk[];
  /** To call at the end of the stream. Throws `engine-lost` when it ended inside a frame. */
  end(): void;
}

/**
 * Engine API, "Attach to a container", "Stream format": a frame is type, three zeros, length (big endian),
 * payload.
 */
const headerLength = 8;
const stdout = 1;
const stderr = 2;
/** moby's stdcopy.Systemerr: the payload is an error of the engine's own. */
const systemError = 3;
/** Bytes of such a message. */
const longestTrouble = 4096;

export function createDemuxer(): Demuxer {
  let header = Buffer.alloc(0);
  let type = stdout;
  let left = 0;
  const trouble = createCapture(longestTrouble);

  const readHeader = (bytes: Buffer): Buffer => {
    const missing = headerLength - header.length;
    header = Buffer.concat([header, bytes.subarray(0, missing)]);
    if (header.length === headerLength) {
      type = header.readUInt8(0);
      left = header.readUInt32BE(4);
      if (type > systemError || header.readUIntBE(1, 3) !== 0) {
        throw new BerthError("engine-api", "the engine's output stream has an invalid frame header", {
          details: { header: header.toString("hex") },
        });
      }
      if (left === 0) header = Buffer.alloc(0);
    }
    return bytes.subarray(missing);
  };

  const readPayload = (bytes: Buffer, chunks: OutputChunk[]): Buffer => {
    const data = bytes.subarray(0, left);
    left -= data.length;
    if (left === 0) header = Buffer.alloc(0);
    if (type === systemError) {
      trouble.push(data);
      if (left === 0) throw new BerthError("engine-api", trouble.text().trim());
    } else {
      // 0 is standard input echoed; stdcopy gives it to standard output too.
      chunks.push({ stream: type === stderr ? "stderr" : "stdout", data });
    }
    return bytes.subarray(data.length);
  };

  return {
    push(bytes) {
      const chunks: OutputChunk[] = [];
      let rest = bytes;
      while (rest.length > 0) rest = left > 0 ? readPayload(rest, chunks) : readHeader(rest);
      return chunks;
    },
    end() {
      if (left > 0 || header.length > 0)
        throw new BerthError("engine-lost", "the engine's output stream ended inside a frame");
    },
  };
}
