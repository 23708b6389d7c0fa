import { openSync, writeFileSync } from "node:fs";
import { BerthError } from "#errors.ts";

/** A line of uid_map (user_namespaces(7)): `count` ids from `inside` on are the host's from `outside` on. */
export interface IdExtent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** A user namespace by a process that holds it. */
export interface UserNamespace {
  /**
   * A file descriptor of the namespace with these ids mapped, to be closed. Once. Throws `host-unfit` when
   * the host makes none.
   */
  map(extents: readonly IdExtent[]): Promise<number>;
  /**
   * Ends the process; the namespace lives on in what holds its descriptor, or mounts that are mapped by it.
   */
  end(): void;
}

const makeAndHold = ["unshare", "--user", "--", "cat"] as const;

/**
 * Begins a user namespace; takes about 3 ms, in which other work may be done. A process cannot make one for
 * itself while it has threads, so unshare(1) does; its cat ends with this process, whose end of the pipe it
 * reads.
 *
 * `owner` is the host's user to whom the kernel counts what is taken in the namespace of inotify and the
 * like, against one user's limits (namespaces(7), /proc/sys/user; fs.inotify in inotify(7)); root by default,
 * whom nothing then is left for.
 */
export function beginUserNamespace(owner?: number): UserNamespace {
  const command = owner === undefined ? makeAndHold : [...become(owner), ...makeAndHold];
  const holder = spawnHolder(command);
  if (holder === undefined)
    return { map: () => Promise.reject(unfit(`${command[0]} is not installed`)), end: () => {} };
  void greet(holder.stdin);
  const inNamespace = holder.stdout.getReader().read();
  return {
    map: async (extents) => {
      // cat answers from within.
      if ((await inNamespace).value === undefined) throw unfit((await holder.stderr.text()).trim());
      const lines = extents.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join("");
      for (const file of ["uid_map", "gid_map"]) writeFileSync(`/proc/${holder.pid}/${file}`, lines);
      return openSync(`/proc/${holder.pid}/ns/user`, "r");
    },
    end: () => holder.kill("SIGKILL"),
  };
}

/** Undefined where its program is not installed. */
function spawnHolder(command: readonly string[]) {
  try {
    return Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}

/**
 * Gives cat what it is to answer. A program that has ended takes nothing, which shows where it is read from.
 */
async function greet(stdin: Bun.FileSink): Promise<void> {
  try {
    stdin.write("\n");
    await stdin.flush();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}

function unfit(why: string): BerthError {
  return new BerthError("host-unfit", `this host makes no user namespace: ${why}`, {
    hint: "see sysctl user.max_user_namespaces, and that util-linux is installed, or name the profile strict",
  });
}

/**
 * Another user, with the right to make namespaces where that is not everyone's. Its limit of processes, the
 * engine's own (RLIMIT_NPROC), will be that of all in the namespace together, which of root's namespaces it
 * is not.
 */
function become(user: number): readonly string[] {
  const right = "-all,+sys_admin";
  const ids = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return ["setpriv", ...ids, `--inh-caps=${right}`, `--ambient-caps=${right}`, "--"];
}
