import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAll, type Suite } from "./run.ts";

// In the VM of `npm run test:vm`: runs the suites that standard input names, and prints each result as a line
// of JSON. The host is as it was before once the VM has gone.
const suites = (await Bun.stdin.json()) as readonly Suite[];
const directory = await mkdtemp(join(tmpdir(), "npm-test-"));
await runAll(suites, 1, directory, (result) => console.log(JSON.stringify(result)));
await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
  // What tests left in it was said, and goes with the VM.
  if (error.code !== "ENOTEMPTY") throw error;
});
