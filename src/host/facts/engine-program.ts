import { readFile, stat } from "node:fs/promises";
import { ignoreUnreadable, readLinkTarget, readProc } from "#host/process/proc-file.ts";
import { parseUsers } from "#linux/process-users.ts";
import type { EngineProgram } from "#plan/engine/engine-program.ts";

/** What /proc shows of a process: its program, arguments, environment, users and root directory. */
export async function readEngineProgram(pid: number): Promise<EngineProgram> {
  const [path, words, variables, theirs, ours] = await Promise.all([
    readLinkTarget(`/proc/${pid}/exe`),
    readWords(`/proc/${pid}/cmdline`),
    readWords(`/proc/${pid}/environ`),
    ignoreUnreadable(stat(`/proc/${pid}/root`)),
    stat("/"),
  ]);
  return {
    path,
    arguments: words,
    environment: Object.fromEntries(variables.map(splitVariable)),
    users: parseUsers(readProc(pid, "status")),
    sharesRoot: theirs === undefined ? undefined : theirs.dev === ours.dev && theirs.ino === ours.ino,
  };
}

/** Each ends with NUL (proc_pid_cmdline(5), proc_pid_environ(5)). */
async function readWords(path: string): Promise<readonly string[]> {
  const text = (await ignoreUnreadable(readFile(path, "utf8"))) ?? "";
  return text.split("\0").slice(0, -1);
}

function splitVariable(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
