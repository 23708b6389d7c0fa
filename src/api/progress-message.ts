/** What is read of a line of progress of image calls: jsonmessage.JSONMessage. */
export interface ProgressMessage {
  /** The layer, of a pull. */
  readonly id?: string;
  /** For people, such as "Downloading". */
  readonly status?: string;
  /** Bytes. */
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
  readonly error?: string;
}
