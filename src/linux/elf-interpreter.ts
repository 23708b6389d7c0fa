import { BerthError } from "#errors.ts";

/** ELF magic of 64-bit little-endian files, for x86-64 and AArch64 (elf(5)). */
const magic: readonly number[] = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
const ptInterp = 3;

/**
 * The program interpreter (PT_INTERP, elf(5)); undefined for a static program. Throws `host-unfit` unless it
 * is a 64-bit little-endian ELF file; `what` is its name in the message.
 */
export function parseInterpreter(program: Uint8Array, what: string): string | undefined {
  const unfit = () =>
    new BerthError("host-unfit", `${what}: unsupported executable (must be ELF, 64-bit, little-endian)`);
  if (program.length < 64 || magic.some((byte, index) => program[index] !== byte)) throw unfit();
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const [table, size, count] = [
    Number(view.getBigUint64(32, true)),
    view.getUint16(54, true),
    view.getUint16(56, true),
  ];
  for (let index = 0; index < count; index += 1) {
    const header = table + index * size;
    if (header + 56 > program.length) throw unfit();
    if (view.getUint32(header, true) !== ptInterp) continue;
    const start = Number(view.getBigUint64(header + 8, true));
    const end = start + Number(view.getBigUint64(header + 32, true));
    if (end > program.length) throw unfit();
    return Buffer.from(program.subarray(start, end)).toString().replace(/\0.*$/s, "");
  }
  return undefined;
}
