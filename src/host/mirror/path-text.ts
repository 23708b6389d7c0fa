/** Each is overwritten by the next text with its number: no call needs more than two. */
const buffers = [Buffer.alloc(8192), Buffer.alloc(8192)] as const;

/** A C string for the next call, in the first or second buffer; as latin1 each character is a byte of it. */
export function text(value: string, which: 0 | 1 = 0): Buffer {
  const buffer = buffers[which];
  buffer[buffer.write(value, 0, 8191, "latin1")] = 0;
  return buffer;
}

/**
 * The path of an open file of this process; such a magic link leads to the file itself, of any type
 * (proc_pid_fd(5)).
 */
export const pathOf = (file: number, which: 0 | 1 = 0) => text(`/proc/self/fd/${file}`, which);
