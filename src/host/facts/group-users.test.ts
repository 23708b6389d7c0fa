import { expect, test } from "bun:test";
import { inMounts } from "#lab/mount-namespace.ts";

const passwd = [
  "root:x:0:0::/root:/bin/sh",
  "ann:x:1000:1000::/home/ann:/bin/sh",
  "www:x:33:33::/:/bin/sh",
  "bob:x:1001:1003::/:/bin/sh",
  "sync:x:5:0::/sbin:/bin/sync",
];
const group = ["root:x:0:", "ann:x:1000:www,ann,gone", "www:x:33:", "staff:x:1003:"];

/**
 * Who has these groups where a directory service is, or none, which `getent` answers for; null for who is not
 * known.
 */
async function usersOf(gids: readonly number[], sources: string, getent = "exit 2") {
  const program = `const { readGroupUsers } = await import(${JSON.stringify(import.meta.resolve("./group-users.ts"))});
    process.env.PATH = "/run/bin:" + process.env.PATH;
    return ${JSON.stringify(gids)}.map((gid) => readGroupUsers(gid));`;
  const put = (name: string, text: string) =>
    `cat >/run/${name} <<'EOF'\n${text}\nEOF\nmount --bind /run/${name} /etc/${name}`;
  const files = [
    put("passwd", passwd.join("\n")),
    put("group", group.join("\n")),
    put("nsswitch.conf", `group: ${sources}`),
  ];
  const tool = `mkdir /run/bin; printf '#!/bin/sh\\n%s\\n' '${getent}' >/run/bin/getent; chmod 755 /run/bin/getent`;
  return await inMounts<readonly (readonly (number | null)[])[]>(program, [...files, tool].join("\n"));
}

test("a group is its members', and theirs whose first group it is; of one that is named and nobody knows, too", async () => {
  expect(await usersOf([0, 1000, 1003, 4711], "files systemd", "echo asked >&2; kill $PPID")).toEqual([
    [0],
    [33, 1000, null, 1000],
    [1001],
    [],
  ]);
});

test("a directory service tells of groups and users that the files do not have", async () => {
  const answer = `case "$1 $2" in "group 4711") echo "far:*:4711:ann,eve" ;; "passwd eve") echo "eve:*:5000:5000::/:/bin/sh" ;; *) exit 2 ;; esac`;
  expect(await usersOf([1000, 4711, 4712], "files sss", answer)).toEqual([
    [33, 1000, null, 1000],
    [1000, 5000],
    [],
  ]);
});

test("one that does not answer may have anybody in a group, but in those of the files", async () => {
  expect(await usersOf([33, 4711], "files sss", "exec sleep 60")).toEqual([[33], [null]]);
});
