/** That a tar is damaged, cut off, or none. Its message is a reason, for who knows which tar it is. */
export class TarError extends Error {
  override readonly name = "TarError";
}
