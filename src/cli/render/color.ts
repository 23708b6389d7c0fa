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

/** The escape sequences of ECMA-48 SGR, or none. */
export function createStyle(color: boolean): Style {
  const sgr =
    (on: number, off: number): Paint =>
    (text) =>
      color && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    red: sgr(31, 39),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    cyan: sgr(36, 39),
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
