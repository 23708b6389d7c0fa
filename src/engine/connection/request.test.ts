import { expect, test } from "bun:test";
import { engineError, path, renderQuery, statusCode } from "./request.ts";

test.each([
  [400, "engine-refused"],
  [401, "engine-refused"],
  [403, "engine-refused"],
  [404, "not-found"],
  [409, "conflict"],
  [500, "engine-api"],
  [503, "engine-api"],
  [304, "engine-api"],
] as const)("status %d is %s", (status, code) => {
  expect(statusCode(status)).toBe(code);
});

test.each([
  ['{"message":"no such thing\\n"}', "no such thing"],
  ["<html>bad gateway</html>", "<html>bad gateway</html>"],
  ["null", "null"],
  ["", "the engine answered GET /x with status 502"],
])("the message of %p", (body, message) => {
  const error = engineError(502, "GET", "/x", body);
  expect([error.code, error.message, error.details]).toEqual([
    "engine-api",
    message,
    { status: 502, method: "GET", path: "/x", message },
  ]);
});

test.each([
  [{}, {}],
  [
    { all: true, size: false, limit: 3, none: undefined, empty: "" },
    { all: "true", size: "false", limit: "3", empty: "" },
  ],
  [{ filters: { label: ["a=b"] } }, { filters: '{"label":["a=b"]}' }],
  [{ changes: ["CMD a", "ENV b=c"] }, { changes: ["CMD a", "ENV b=c"] }],
])("query %j", (query, rendered) => {
  expect(renderQuery(query) as unknown).toEqual(rendered);
});

test("names in paths", () => {
  expect(path`/containers/${"a b/..?x"}/exec/${"y"}`).toBe("/containers/a%20b%2F..%3Fx/exec/y");
  expect(path`/info`).toBe("/info");
});

test.each(["", ".", ".."])("%p is no name", (name) => {
  expect(() => path`/containers/${name}/json`).toThrow(expect.objectContaining({ code: "usage" }));
});
