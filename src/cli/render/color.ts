import { styleText } from "node:util";

type Paint = (text: string) => string;

/** Colours of a stream; without colour every one returns its text unchanged. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** By `styleText`, or none. Whether the stream wants colour is `wantsColor`'s to say: it knows --no-color. */
export function createStyle(color: boolean): Style {
  const paint =
    (format: keyof Style): Paint =>
    (text) =>
      color && text !== "" ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    cyan: paint("cyan"),
  };
}

/** Colours only on a terminal that knows them, and never against --no-color or NO_COLOR (no-color.org). */
export function wantsColor(
  terminal: boolean,
  noColor: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return terminal && !noColor && !env.NO_COLOR && env.TERM !== "dumb";
}
