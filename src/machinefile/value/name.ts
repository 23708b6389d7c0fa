import { invalid } from "./invalid.ts";

const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * A machine's name or alias: one DNS label of RFC 1123, 1 to 63 lower-case letters, digits and inner hyphens.
 * `localhost` is refused, because every machine resolves it to itself.
 */
export function parseName(text: string): string {
  if (text === "localhost")
    throw invalid("name", text, "example: web-1; every machine resolves localhost to itself");
  if (text.length > 63) throw invalid("name", text, "example: web-1; at most 63 characters");
  if (!label.test(text)) {
    const rule = "example: web-1; lower-case letters, digits and, between them, hyphens";
    throw invalid("name", text, rule, nearestLabel(text));
  }
  return text;
}

/**
 * A machine's own host name: dot-separated labels in any case, at most 64 characters (HOST_NAME_MAX of
 * sethostname(2)).
 */
export function parseHostname(text: string): string {
  if (text.length > 64) throw invalid("host name", text, "example: web.example.org; at most 64 characters");
  return checkLabels(text, text.toLowerCase(), "host name", "web.example.org");
}

/**
 * A DNS domain: dot-separated lower-case labels. At most 189 characters, so that the longest machine name
 * still fits below it (RFC 1035: 253).
 */
export function parseDomain(text: string): string {
  if (text.length > 189) throw invalid("domain", text, "example: lab.test; at most 189 characters");
  return checkLabels(text, text, "domain", "lab.test");
}

/**
 * A name under `images:`, which is also a repository name on the engine: lower-case words joined by one `.`,
 * `_` or hyphens.
 */
export function parseImageName(text: string): string {
  if (text.length > 63) throw invalid("image name", text, "example: debian-12; at most 63 characters");
  if (!/^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(text)) {
    throw invalid(
      "image name",
      text,
      'example: debian-12; lower-case letters and digits, joined by ".", "_" or "-"',
    );
  }
  return text;
}

function checkLabels(text: string, compared: string, what: string, example: string): string {
  for (const part of compared.split(".")) {
    if (part.length > 63 || !label.test(part)) {
      throw invalid(
        what,
        text,
        `example: ${example}; letters, digits and hyphens, in parts of at most 63 characters joined by dots`,
      );
    }
  }
  return text;
}

/** The label that a text comes nearest to; undefined where nothing of it can be one. */
export function nearestLabel(text: string): string | undefined {
  const near = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return label.test(near) && near !== "localhost" ? near : undefined;
}
