import { expect, test } from "bun:test";
import { planDegradations } from "./degradations.ts";

const best = { berthRuntime: true, privileged: false, rootId: 1879048192, hostCgroups: true, terminal: true };

test.each([
  [best, []],
  [{ ...best, berthRuntime: false }, [/\/run and \/tmp/, /names of all cgroups/]],
  [{ ...best, berthRuntime: false, hostCgroups: false }, [/\/run and \/tmp/]],
  [{ ...best, privileged: true, rootId: 0 }, [/root on the host/]],
  [{ ...best, rootId: 0 }, [/no user namespace/]],
  [{ ...best, rootId: undefined }, []],
  [{ ...best, terminal: false }, [/no console/]],
])("%o", (setup, sentences) => {
  const degradations = planDegradations(setup);
  expect(degradations).toHaveLength(sentences.length);
  for (const [index, sentence] of sentences.entries()) expect(degradations[index]).toMatch(sentence);
});
