import { expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import { createLoading } from "./create-loading.ts";

/** A name that others take away again as often as `lost` says, each time just after it was loaded. */
const shared = (there: boolean, lost: number) => {
  const engine = { there, loads: 0 };
  return {
    engine,
    create: async () => {
      if (!engine.there) throw new BerthError("not-found", "No such image");
      return "created";
    },
    load: async () => {
      engine.loads += 1;
      engine.there = engine.loads > lost;
    },
  };
};

test.each([
  ["there already", true, 0, 0],
  ["loaded", false, 0, 1],
  ["removed by another after the first load", false, 1, 2],
  ["removed after the second as well", false, 2, 3],
])("an image that is %s", async (_, there, lost, loads) => {
  const { engine, create, load } = shared(there, lost);
  expect(await createLoading(create, load)).toBe("created");
  expect(engine.loads).toBe(loads);
});

test("what is not found after three loads is not, and any other refusal stands at once", async () => {
  const { engine, create, load } = shared(false, 3);
  await expect(createLoading(create, load)).rejects.toMatchObject({ code: "not-found" });
  expect(engine.loads).toBe(3);
  const refused = () => Promise.reject(new BerthError("conflict", "taken"));
  await expect(createLoading(refused, load)).rejects.toMatchObject({ code: "conflict" });
  expect(engine.loads).toBe(3);
});
