import { constants } from "node:os";

/** Second names of numbers that the kernel's own headers name otherwise (errno(3)). */
const aliases: readonly string[] = ["EWOULDBLOCK", "ENOTSUP"];

/** The name of an error number, `errno N` of one without. */
export function errnoName(number: number): string {
  const found = Object.entries(constants.errno).find(
    ([name, value]) => value === number && !aliases.includes(name),
  );
  return found?.[0] ?? `errno ${number}`;
}
