import { expect, test } from "bun:test";
import { createDemuxer, type OutputChunk } from "./demux.ts";

function frame(type: number, data: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(type, 0);
  head.writeUInt32BE(Buffer.byteLength(data), 4);
  return Buffer.concat([head, Buffer.from(data)]);
}

const frames = Buffer.concat([
  frame(1, "out"),
  frame(2, "error"),
  frame(1, ""),
  frame(0, "in"),
  frame(1, "ü".repeat(300)),
]);

/** The pieces of each stream put together. */
function join(chunks: readonly OutputChunk[]): Record<string, string> {
  const of = (stream: string): string =>
    Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data)).toString();
  return { stdout: of("stdout"), stderr: of("stderr") };
}

test.each([1, 2, 3, 7, 8, 9, 11, 100, 1000])("frames in pieces of %d bytes", (size) => {
  const demuxer = createDemuxer();
  const chunks: OutputChunk[] = [];
  for (let at = 0; at < frames.length; at += size)
    chunks.push(...demuxer.push(frames.subarray(at, at + size)));
  demuxer.end();
  expect(join(chunks)).toEqual({ stdout: `outin${"ü".repeat(300)}`, stderr: "error" });
});

test("order between the streams is kept", () => {
  const chunks = createDemuxer().push(Buffer.concat([frame(1, "a"), frame(2, "b"), frame(1, "c")]));
  expect(chunks.map(({ stream, data }) => `${stream} ${data}`)).toEqual(["stdout a", "stderr b", "stdout c"]);
});

test.each([4, 8, 10])("a stream cut after %d bytes is lost", (length) => {
  const demuxer = createDemuxer();
  demuxer.push(frame(1, "out").subarray(0, length));
  expect(() => demuxer.end()).toThrow(expect.objectContaining({ code: "engine-lost" }));
});

test("bytes of a terminal are no frames", () => {
  expect(() => createDemuxer().push(Buffer.from("root@web:~# "))).toThrow(
    expect.objectContaining({ code: "engine-api" }),
  );
});

test("an error of the engine's own, in two pieces", () => {
  const demuxer = createDemuxer();
  const bytes = frame(3, "log driver broke");
  expect(demuxer.push(bytes.subarray(0, 12))).toEqual([]);
  expect(() => demuxer.push(bytes.subarray(12))).toThrow(
    expect.objectContaining({ code: "engine-api", message: "log driver broke" }),
  );
});
