import { text } from "#machinefile/type/scalar.ts";
import { parseName } from "#machinefile/value/name.ts";

/** The keys at the top of the file. */
export const projectKeys = {
  name: {
    type: text("a name", "shop", parseName),
    shownType: "name",
    description:
      "The project's name: what `berth ls` shows of whose a machine is, and what the domain is made of.",
    absent: "the directory's name",
    examples: ["shop"],
  },
};
