import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readEngineRecord } from "./engine-record.ts";

const id = "0123456789abcdef".repeat(4);
const digest = "f".repeat(64);
let data = "";
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "berth-record-"));
});
afterEach(() => rmSync(data, { recursive: true }));

function write(path: string, value: unknown): void {
  mkdirSync(dirname(join(data, path)), { recursive: true });
  writeFileSync(join(data, path), JSON.stringify(value));
}
/** As Docker 20.10 to 28 has it with a storage driver of its own. */
function writeAll({
  image = {},
  host = {},
  container = {},
}: {
  image?: object;
  host?: object;
  container?: object;
} = {}): void {
  write(`containers/${id}/config.v2.json`, {
    ID: id,
    Image: `sha256:${digest}`,
    Driver: "overlay2",
    ...container,
  });
  write(`containers/${id}/hostconfig.json`, { CapDrop: null, ...host });
  write(`image/overlay2/imagedb/content/sha256/${digest}`, {
    config: { Env: ["PATH=/bin", "A=1"] },
    ...image,
  });
}
const read = () => readEngineRecord(join(data, "overlay2", "e".repeat(64), "merged"), id);

test("the image, its JSON, and nothing dropped", () => {
  writeAll();
  expect(read()).toEqual({
    image: `sha256:${digest}`,
    imageJson: { text: '{"config":{"Env":["PATH=/bin","A=1"]}}' },
    dropped: [],
  });
});

test.each([
  [["ALL"], ["ALL"]],
  [["all"], ["ALL"]],
  [
    ["net_raw", "CAP_MKNOD"],
    ["CAP_NET_RAW", "CAP_MKNOD"],
  ],
])("capabilities are told by their names, whatever way the engine keeps them: %p", (CapDrop, dropped) => {
  writeAll({ host: { CapDrop } });
  expect(read()?.dropped).toEqual(dropped);
});

test("the image's JSON is as its author wrote it, whatever that is", () => {
  writeAll();
  const text = '{ "config":{"Env":["A=1"]}, "Config":{}, "config":{"env":["B=2"]} }\n';
  writeFileSync(join(data, `image/overlay2/imagedb/content/sha256/${digest}`), text);
  expect(read()?.imageJson).toEqual({ text });
});

test("an image that was removed by force is told from an engine that keeps none so", () => {
  writeAll({ host: { CapDrop: ["MKNOD"] } });
  rmSync(join(data, `image/overlay2/imagedb/content/sha256/${digest}`));
  const record = { image: `sha256:${digest}`, imageJson: { unread: "is gone" }, dropped: ["CAP_MKNOD"] };
  expect(read()).toEqual(record);
  rmSync(join(data, "image"), { recursive: true });
  expect(read()).toEqual(record);
});

test("an image's JSON beyond all measure is not read", () => {
  writeAll();
  truncateSync(join(data, `image/overlay2/imagedb/content/sha256/${digest}`), 16 * 1024 ** 2 + 1);
  expect(read()?.imageJson).toEqual({ unread: "is described in more than 16 MiB" });
});

describe("nothing is told", () => {
  test("where no engine has its files", () => expect(read()).toBeUndefined());

  test.each([
    ["container", `containers/${id}/config.v2.json`],
    ["wishes", `containers/${id}/hostconfig.json`],
  ])("without the %s", (_, path) => {
    writeAll();
    rmSync(join(data, path));
    expect(read()).toBeUndefined();
  });

  test("where containerd keeps the images", () => {
    writeAll({ container: { Driver: "overlayfs" } });
    expect(readEngineRecord(join(data, "rootfs/overlayfs", id), id)).toBeUndefined();
  });

  test.each([
    [{ Image: "debian:12" }],
    [{ Image: "sha256:../../x" }],
    [{ Image: undefined }],
    [{ Driver: undefined }],
    [{ Driver: "../x" }],
  ])("where the image is not told by its digest, nor where it is kept: %j", (container) => {
    writeAll({ container });
    expect(read()).toBeUndefined();
  });
});
