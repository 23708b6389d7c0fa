/**
 * SHA-256 of a text, in hexadecimal. Bun's own, since loading node:crypto costs 3 ms of every start that
 * needs it.
 */
export function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
