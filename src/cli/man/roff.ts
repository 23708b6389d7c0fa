/**
 * Text for roff (groff_char(7)): backslashes, hyphens to be copied, and quotes kept; no line starts a
 * request.
 */
export function roffText(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("…", "...")
    .replaceAll("→", "\\(->")
    .replace(/^\./gm, "\\&.");
}

/** A request's argument in double quotes. */
export function roffArgument(text: string): string {
  return `"${roffText(text).replaceAll('"', "\\(dq")}"`;
}

export function bold(text: string): string {
  return `\\fB${roffText(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${roffText(text)}\\fR`;
}

/** A heading and its text; nothing when there is none. */
export function section(title: string, body: string): string {
  return body === "" ? "" : `.SH ${roffArgument(title)}\n${body}`;
}

/** A paragraph with a hanging tag; the tag is roff already. */
export function tagged(tag: string, text: string): string {
  return `.TP\n${tag}\n${roffText(text)}\n`;
}

/** Paragraphs divided by an empty line. */
export function prose(text: string): string {
  return text
    .split("\n\n")
    .map((paragraph) => `.PP\n${roffText(paragraph)}\n`)
    .join("");
}

/** Lines kept as they are, indented. */
export function verbatim(text: string): string {
  return `.RS 4\n.nf\n${roffText(text)}\n.fi\n.RE\n`;
}
