import { expect, test } from "bun:test";
import { parseNameServers } from "./resolv-conf.ts";

test("name servers are read, comments and other lines are not", () => {
  const text = [
    "# nameserver 10.0.0.1",
    "nameserver 172.31.0.2",
    "nameserver\tfe80::1%eth0  ",
    "search nameserver 10.0.0.3",
    "nameserver",
    "options edns0",
  ].join("\n");
  expect(parseNameServers(text)).toEqual(["172.31.0.2", "fe80::1%eth0"]);
});
