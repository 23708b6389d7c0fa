import { expect, test } from "bun:test";
import { deleteFlowMessage, listFlowsMessage, parseFlowAnswer } from "./conntrack-message.ts";

const attribute = (type: number, ...parts: readonly Uint8Array[]) => {
  const value = Buffer.concat(parts);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + value.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
};
const nested = (type: number, ...parts: readonly Uint8Array[]) => attribute(0x8000 | type, ...parts);
const bytes = (...values: readonly number[]) => Uint8Array.from(values);
const message = (type: number, body: Uint8Array) => {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + body.length, 0);
  head.writeUInt16LE(type, 4);
  return Buffer.concat([head, body]);
};
const tuple = (
  type: number,
  source: readonly number[],
  destination: readonly number[],
  ports: readonly [number, number],
) =>
  nested(
    type,
    nested(1, attribute(1, bytes(...source)), attribute(2, bytes(...destination))),
    nested(
      2,
      attribute(1, bytes(17)),
      attribute(2, bytes(ports[0] >> 8, ports[0] & 255)),
      attribute(3, bytes(ports[1] >> 8, ports[1] & 255)),
    ),
  );

const original = tuple(1, [192, 0, 2, 7], [192, 0, 2, 1], [4242, 5353]);
const reply = tuple(2, [172, 18, 0, 3], [192, 0, 2, 7], [53, 4242]);
const id = attribute(12, bytes(1, 2, 3, 4));
const flow = message(
  0x100,
  Buffer.concat([bytes(2, 0, 0, 0), original, reply, attribute(3, bytes(0, 0, 1, 0x8e)), id]),
);

test("a flow is read, and deleted by what names it", () => {
  const answer = parseFlowAnswer(Buffer.concat([flow, flow]));
  expect(answer).toMatchObject({ isLast: false, error: 0 });
  expect(answer.flows).toHaveLength(2);
  const [first] = answer.flows;
  expect(first).toMatchObject({
    protocol: 17,
    destination: "192.0.2.1",
    destinationPort: 5353,
    repliesFrom: "172.18.0.3",
  });
  const wanted = Buffer.concat([bytes(2, 0, 0, 0), original, id]);
  const sent = deleteFlowMessage(first?.key ?? { family: 0, attributes: Buffer.alloc(0) });
  expect(sent.subarray(16)).toEqual(wanted);
  expect([sent.readUInt32LE(0), sent.readUInt16LE(4), sent.readUInt16LE(6)]).toEqual([sent.length, 0x102, 5]);
});

test.each([
  ["the end of a list", message(3, bytes(0, 0, 0, 0)), { flows: [], isLast: true, error: 0 }],
  ["a refusal", message(2, bytes(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)), { flows: [], isLast: true, error: 1 }],
  ["a flow without ports", message(0x100, bytes(2, 0, 0, 0)), { flows: [], isLast: false, error: 0 }],
  ["half a message", flow.subarray(0, 40), { flows: [], isLast: false, error: 0 }],
  ["nothing", Buffer.alloc(0), { flows: [], isLast: false, error: 0 }],
] as const)("%s", (_, data, expected) => {
  expect(parseFlowAnswer(Buffer.from(data))).toEqual(expected as never);
});

test("the question for all flows of a family", () => {
  const question = listFlowsMessage(10);
  expect([
    question.length,
    question.readUInt16LE(4),
    question.readUInt16LE(6),
    question.readUInt8(16),
  ]).toEqual([20, 0x101, 0x301, 10]);
});
