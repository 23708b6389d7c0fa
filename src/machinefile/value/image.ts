import { invalid } from "./invalid.ts";

/**
 * A release by its code name or number, as the distribution's archive names it (`bookworm`, `noble`,
 * `stable`).
 */
export function parseRelease(text: string): string {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(text)) throw invalid("release", text, "example: bookworm");
  return text;
}

/** A package by its name, with `:architecture`, `=version` or `/release` after it as apt-get(8) takes it. */
export function parsePackage(text: string): string {
  if (!/^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?(?:[=/][A-Za-z0-9][A-Za-z0-9.+~:-]*)?$/.test(text)) {
    throw invalid("package", text, "example: openssh-server");
  }
  return text;
}

/** The URL of a package archive: http, https, file or copy (sources.list(5)). */
export function parseMirror(text: string): string {
  if (!/^(?:https?:\/\/[^\s/]|(?:file|copy):\/)\S*$/.test(text)) {
    throw invalid(
      "archive URL",
      text,
      "example: http://archive.example/debian; http://, https://, file:/ or copy:/",
    );
  }
  return text;
}

/**
 * What an engine may call an image: a name with registry, tag or digest, or an id. The engine itself judges
 * the rest.
 */
export function parseReference(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/.test(text))
    throw invalid("image", text, "example: debian-12 or host:5000/name:tag");
  return text;
}

/**
 * Whether an image is written as the path of a root's tarball: it starts with `./`, `../`, `/` or `~`, or
 * ends like a tarball.
 */
export function isTarballPath(text: string): boolean {
  return /^(?:\.{0,2}\/|~)/.test(text) || tarballName.test(text);
}

/** The ending of a tarball's file name. */
export const tarballName = /\.(?:tar(?:\.[a-z0-9]+)?|t(?:gz|xz|zst|bz2))$/i;

/** What a machine is made from: a tarball's path, or what `parseReference` takes. */
export function parseMachineImage(text: string): string {
  if (text.includes("\0")) throw invalid("path", text, "example: ./root.tar; no NUL");
  return isTarballPath(text) ? text : parseReference(text);
}
