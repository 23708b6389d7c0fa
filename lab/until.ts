import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a condition holds; throws after ten seconds. For what happens by itself and gives no sign. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error("this did not come true within 10 seconds");
    await sleep(50);
  }
}
