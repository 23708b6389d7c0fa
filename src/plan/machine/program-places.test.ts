import { expect, test } from "bun:test";
import { programPlaces } from "./program-places.ts";

test.each([
  ["/bin/ls", ["PATH=/opt"], ["/bin/ls"]],
  ["./run", ["PATH=/opt"], ["/srv/./run"]],
  ["ls", ["PATH=/a", "B=c", "PATH=/opt/bin::/bin"], ["/opt/bin/ls", "/srv/ls", "/bin/ls"]],
  [
    "ls",
    ["MYPATH=/a"],
    ["/usr/local/sbin/ls", "/usr/local/bin/ls", "/usr/sbin/ls", "/usr/bin/ls", "/sbin/ls", "/bin/ls"],
  ],
])("%s with %j", (program, environment, places) => {
  expect(programPlaces(program, "/srv", environment)).toEqual(places);
});
