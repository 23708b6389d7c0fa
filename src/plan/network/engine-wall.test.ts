import { expect, test } from "bun:test";
import { parseWall, renderMark, wallWarning } from "./engine-wall.ts";

const listing = (...rules: readonly string[]) => `table ip docker-bridges {
	map filter-forward-in-jumps {
		type ifname : verdict
		elements = { "docker_gwbridge" : jump filter-forward-in__docker_gwbridge }
	}

	chain filter-forward-in__docker0 {
		counter packets 0 bytes 0 accept comment "UNPROTECTED"
	}

	chain filter-forward-in__docker_gwbridge {
		ct state established,related counter packets 9 bytes 99 accept
		${rules.join("\n\t\t")}
	}

	chain filter-forward-out__docker_gwbridge {
		counter packets 1 bytes 1 accept comment "OUTGOING"
	}
}
`;
const icc = 'iifname "docker_gwbridge" counter packets 0 bytes 0 drop comment "ICC"';
const drop = 'counter packets 3 bytes 180 drop comment "UNPUBLISHED PORT DROP"';
const accept = 'counter packets 0 bytes 0 accept comment "ALLOW FW MARK"';

test.each([
  ["unpublished ports are dropped", listing(icc, drop), "docker_gwbridge", "closed"],
  ["neighbours alone are dropped", listing(icc), "docker_gwbridge", "open"],
  ["another bridge", listing(icc, drop), "docker0", "open"],
  ["no such bridge", listing(icc, drop), "docker", "open"],
  ["no table", "", "docker_gwbridge", "open"],
  [
    "a mark",
    listing(`meta mark 0x00000010 ${accept}`, icc, drop),
    "docker_gwbridge",
    { value: 16, mask: 0xffffffff },
  ],
  [
    "a mark with a mask",
    listing(`meta mark & 0x00000003 == 0x00000001 ${accept}`, icc, drop),
    "docker_gwbridge",
    { value: 1, mask: 3 },
  ],
] as const)("the engine's wall before a bridge: %s", (_, text, bridge, wall) => {
  expect(parseWall(text, bridge)).toEqual(wall);
});

test.each([
  [{ value: 16, mask: 0xffffffff }, "meta mark set 0x10"],
  [{ value: 1, mask: 3 }, "meta mark set meta mark and 0xfffffffc or 0x1"],
])("mark %p is set by %s", (mark, words) => expect(renderMark(mark)).toBe(words));

test("the warning names the families and the setting", () => {
  expect(wallWarning(["ipv4", "ipv6"])).toMatch(/drops IPv4 and IPv6 packets .*"bridge-accept-fwmark"/);
});
