/** Processes as ps(1) of the engine's host shows them, one row of words each. */
export type PsRows = readonly (readonly string[])[];

/** The arguments by which `stackOf` and `isAlive` get the columns that they read. */
export const stackColumns = "-eo pid,stackp,stat";

/** Whether a process is there and has not ended (ps(1), stat). */
export function isAlive(rows: PsRows, pid: number): boolean {
  const [, , state = ""] = rows.find(([shown]) => Number(shown) === pid) ?? [undefined, undefined, "X"];
  return !/^[XZ]/.test(state);
}

/** The decimal address that stat(5) shows, from ps's hexadecimal one; undefined where ps does not know it. */
export function stackOf(rows: PsRows, pid: number): string | undefined {
  const hexadecimal = rows.find(([shown]) => Number(shown) === pid)?.[1] ?? "";
  if (!/^[0-9a-f]+$/i.test(hexadecimal)) return undefined;
  const address = BigInt(`0x${hexadecimal}`);
  return address === 0n ? undefined : String(address);
}

/** The arguments by which `isInScope` gets the columns that it reads. */
export const cgroupColumns = "-eo pid,cgroup:1024";

/** Whether systemd has moved into init.scope, by a container's processes (systemd.special(7)). */
export function isInScope(rows: PsRows): boolean {
  return rows.some(([, cgroup]) => cgroup?.includes("/init.scope"));
}

/** The arguments by which `uidOf` gets the columns that it reads. */
export const uidColumns = "-eo pid,uid";

/** The user of a process, as a number; undefined where ps does not tell. */
export function uidOf(titles: readonly string[], rows: PsRows, pid: number): number | undefined {
  const [pids, uids] = [titles.indexOf("PID"), titles.indexOf("UID")];
  const uid = Number(rows.find((row) => row[pids] === String(pid))?.[uids]);
  return Number.isInteger(uid) ? uid : undefined;
}
