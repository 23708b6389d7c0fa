import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { parseConfig, renderConfig } from "./json.ts";

const testdata = `${import.meta.dir}/testdata`;

describe("what comes in goes out, byte for byte", () => {
  test.each([
    '{"a":18446744073709551615}',
    '{"a":-9223372036854775808,"b":[9223372036854775807,{"c":[-1234567890123456]}]}',
    "[18446744073709551615,18446744073709551615]",
    "18446744073709551615",
    '{"a":"18446744073709551615","b":"x: 18446744073709551615, -1"}',
    '{"a":"\\"18446744073709551615","b":18446744073709551615}',
    '{"a\\\\":18446744073709551615}',
    '{"18446744073709551615":1}',
    '{"a":"\\\\u0000integer:5","b":"\\"\\\\u0000integer:5\\"","c":18446744073709551615}',
    '{"a":0.30000000000000004,"b":18446744073709551615}',
    '{"a":-1,"b":9007199254740991,"c":123456789012345,"d":true,"e":null,"f":1e+21}',
    '{"__proto__":18446744073709551615}',
    "{}",
  ])("%s", (text) => {
    expect(renderConfig(parseConfig(text))).toBe(text);
  });

  test.each(readdirSync(testdata))("%s", (name) => {
    const text = readFileSync(`${testdata}/${name}`, "utf8").trimEnd();
    expect(renderConfig(parseConfig(text))).toBe(text);
  });

  test("a config that is written over many lines", () => {
    const text = '{\n  "a": 18446744073709551615,\n  "b": [\n    -9223372036854775808\n  ]\n}\n';
    expect(renderConfig(parseConfig(text))).toBe('{"a":18446744073709551615,"b":[-9223372036854775808]}');
  });
});

test.each(["", "{", '{"a":18446744073709551615', '{"a":1234567890123456-7}', '{"a":01234567890123456}'])(
  "not JSON: %s",
  (text) => {
    expect(() => parseConfig(text)).toThrow(SyntaxError);
  },
);

test("short numbers stay numbers", () => {
  expect(parseConfig('{"a":5,"b":18446744073709551615}')).toMatchObject({ a: 5 });
});
