import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareHost, readHostState } from "./leftovers.ts";
import { runAll, type Suite } from "./run.ts";

// In the VM of `npm run test:vm`: runs the suites that standard input names, and prints each result as a line
// of JSON, the last of which is what they left on the host.
const suites = (await Bun.stdin.json()) as readonly Suite[];
const tell = (report: object) => console.log(JSON.stringify(report));
const before = await readHostState();
const directory = await mkdtemp(join(tmpdir(), "npm-test-"));
await runAll(suites, 1, directory, tell);
tell(await compareHost(before));
await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
  // What tests left in it was said, and goes with the VM.
  if (error.code !== "ENOTEMPTY") throw error;
});
