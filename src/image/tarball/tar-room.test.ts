import { expect, test } from "bun:test";
import { TarRoom } from "./tar-room.ts";

test("what is kept of a tar has a most, texts with the paths", () => {
  const room = new TarRoom("root.tar");
  const text = "x".repeat(2 ** 20);
  for (let taken = 0; taken < 383; taken += 1) room.take("/etc/os-release", text);
  expect(() => room.take("/etc/os-release", text)).toThrow(
    "root.tar has too many names: berth reads at most 384 MiB of them",
  );
});

test("a root of two million files has room", () => {
  const room = new TarRoom("root.tar");
  const path = "/usr/share/doc/some-package-of-debian/examples/a-file.txt.gz";
  for (let taken = 0; taken < 2_000_000; taken += 1) room.take(path);
});
