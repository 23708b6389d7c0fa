import { BerthError } from "#errors.ts";

const word = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const registry = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?";
const grammar = new RegExp(
  `^(?:${registry}/)?${word}(?:/${word})*(?<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$`,
);

/**
 * A name for an image that is being made (the distribution/reference grammar): `berth-loader:1`,
 * `host:5000/name:tag`. Without a tag it is `latest`. Throws `usage`, also for a digest: that is found out,
 * not given.
 */
export function parseImageTag(text: string): string {
  const match = grammar.exec(text);
  if (match === null) {
    throw new BerthError("usage", `invalid image name "${text}" (example: berth-loader:1)`, {
      hint: "Use lower case: NAME[:TAG] or HOST:PORT/NAME[:TAG] (example: host:5000/berth-loader:1).",
    });
  }
  return match.groups?.tag === undefined ? `${text}:latest` : text;
}
