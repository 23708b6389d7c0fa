import type { Context } from "#cli/frame/context.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { listMachineImages } from "#image/store/list.ts";
import type { Candidate } from "./candidate.ts";

/** The built-in images and those that berth made, each name once. */
export async function complete(context: Context): Promise<readonly Candidate[]> {
  const images = await listMachineImages(await openContextEngine(context), context.signal);
  const words = new Map<string, string>();
  for (const { name, builtin, stored, base } of images) {
    if (base !== undefined) continue;
    const word = builtin ? name : stored?.reference;
    if (word !== undefined && !words.has(word))
      words.set(word, stored === undefined ? "not built" : (stored.os ?? "built"));
  }
  return [...words].map(([word, description]) => ({ word, description }));
}
