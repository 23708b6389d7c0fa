import { expect, test } from "bun:test";
import { isAlive, readProcess, signalProcess } from "./process-identity.ts";

test("a recycled pid is another process and is not signalled", async () => {
  const me = await readProcess(process.pid);
  if (me === undefined) throw new Error("no /proc entry of our own");
  expect(await isAlive(me)).toBe(true);
  const earlier = { ...me, startTime: "1" };
  expect(await isAlive(earlier)).toBe(false);
  // Would end this test if it were sent.
  expect(await signalProcess(earlier, "SIGKILL")).toBe(false);
});
