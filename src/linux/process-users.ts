/**
 * A process's user ids (real, effective, saved, file system's), from its status (proc_pid_status(5)). All
 * count: a set-uid program keeps the real user that started it. Undefined for text without them.
 */
export function parseUsers(status: string): readonly number[] | undefined {
  return /^Uid:\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status)?.slice(1).map(Number);
}
