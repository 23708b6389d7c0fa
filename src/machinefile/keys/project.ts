import { text } from "#machinefile/type/scalar.ts";
import { parseName } from "#machinefile/value/name.ts";

/** The keys at the top of the file. */
export const projectKeys = {
  name: {
    type: text("a name", "shop", parseName),
    shownType: "name",
    description:
      "The project's name: `berth ls` shows it as a machine's owner, and the default domain starts with it.",
    absent: "the directory's name",
    examples: ["shop"],
  },
};
