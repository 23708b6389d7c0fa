import { invalid } from "./invalid.ts";

/** The name of a secret or config of the swarm (Engine API, "Secret": 64 of these characters at most). */
export function parseStoredName(text: string): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?$/.test(text)) {
    throw invalid("name", text, 'example: tls-key; letters, digits and, between them, "-", "_" and "."');
  }
  return text;
}

/** Where a secret or config is mounted; relative ones below the engine's own directory for them. */
export function parseFileTarget(text: string): string {
  if (text === "" || /[\0\r\n",]/.test(text))
    throw invalid("file", text, "example: tls.key; no comma, quote or line end");
  if (text.split("/").includes("..")) throw invalid("file", text, 'example: tls.key; a path without ".."');
  return text;
}

/** A user's or group's number. */
export function parseFileOwner(input: string | number): string {
  const text = String(input).trim();
  if (!/^\d{1,10}$/.test(text) || Number(text) > 4294967294)
    throw invalid("user or group id", text, "example: 101");
  return String(Number(text));
}

/** Permission bits in octal digits, as chmod(1) takes them: `0440`, `440` and YAML's `0o440` are the same. */
export function parseFileMode(input: string | number): number {
  const text = String(input).trim();
  if (!/^(?:0o?)?[0-7]{3}$/.test(text)) throw invalid("permission bits", text, 'example: "0440"');
  return Number.parseInt(text.slice(-3), 8);
}
