/** The environment a machine file is read with. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface Interpolation {
  readonly text: string;
  /** What was wrong, each a sentence; the text then is not to be used. */
  readonly faults: readonly string[];
}

/**
 * Puts variables into a text as Compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
 * `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}`, `${NAME+other}` and `$$` for a dollar sign. With a
 * colon an empty value counts as unset. Defaults may hold variables themselves, ten deep. A variable that is
 * unset and has no default is a fault, as is a `$` before anything else.
 */
export function interpolate(text: string, variables: Variables): Interpolation {
  const faults: string[] = [];
  return { text: expand(text, variables, faults, 0), faults };
}

/** Each level is looked through once more for its end. */
const deepest = 10;

function expand(text: string, variables: Variables, faults: string[], depth: number): string {
  if (depth > deepest) {
    faults.push(`defaults of variables nested more than ${deepest} deep (example: \${NAME:-default})`);
    return "";
  }
  let result = "";
  let rest = text;
  for (let dollar = rest.indexOf("$"); dollar >= 0; dollar = rest.indexOf("$")) {
    result += rest.slice(0, dollar);
    rest = rest.slice(dollar);
    const bare = /^\$(?:\$|[A-Za-z_][A-Za-z0-9_]*)/.exec(rest)?.[0];
    const used = bare ?? bracedExpression(rest);
    if (used === undefined) {
      faults.push(`invalid variable at "$" (example: \${NAME}; a dollar sign is $$)`);
      return result + rest;
    }
    if (used === "$$") result += "$";
    else result += evaluate(bare === undefined ? used.slice(2, -1) : used.slice(1), variables, faults, depth);
    rest = rest.slice(used.length);
  }
  return result + rest;
}

/** The `${…}` at the start of a text, up to its own closing brace. */
function bracedExpression(text: string): string | undefined {
  if (!text.startsWith("${")) return undefined;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith("$$", at)) at++;
    else if (text.startsWith("${", at)) depth++;
    else if (text[at] === "}") depth--;
    if (depth === 0 && text[at] === "}") return text.slice(0, at + 1);
  }
  return undefined;
}

function evaluate(expression: string, variables: Variables, faults: string[], depth: number): string {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?)([-?+])([\s\S]*))?$/.exec(expression);
  if (match === null) {
    faults.push(`invalid variable "\${${expression}}" (example: \${NAME} or \${NAME:-default})`);
    return "";
  }
  const [, name = "", colon, operator, operand = ""] = match;
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  const set = value !== undefined && !(colon === ":" && value === "");
  if (operator === "+") return set ? expand(operand, variables, faults, depth + 1) : "";
  if (set) return value;
  if (operator === "-") return expand(operand, variables, faults, depth + 1);
  const reason = operator === "?" ? expand(operand, variables, faults, depth + 1) : "";
  faults.push(
    `the variable ${name} is ${value === undefined ? "not set" : "empty"}` +
      (reason === "" ? "" : `: ${reason}`),
  );
  return "";
}
