import { expect, test } from "bun:test";
import { parseUser } from "./user.ts";

const files = `root:x:0:0:root:/root:/bin/bash
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
1000:x:7:8::/:
root:x:0:
mail:x:8:www-data,root
`;

test.each([
  ["root", "0:0"],
  ["www-data", "33:33"],
  ["33", "33:33"],
  ["www-data:mail", "33:8"],
  ["www-data:99", "33:99"],
  ["4242", "4242:0"],
  ["4242:mail", "4242:8"],
  ["mail", undefined],
  ["root:nobody", undefined],
  ["", undefined],
])("%s is %p", (user, numbers) => {
  expect(parseUser(user, files)).toBe(numbers);
});
