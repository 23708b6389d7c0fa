/**
 * Every failure a user can meet. The code is stable: scripts may match on it; message and hint may change.
 * The number is the process's exit status (see EXIT STATUS in berth(1)):
 * 1 failed, 2 wrong usage or file, 3 no engine, 4 not found, 5 boot failed or degraded, 130 interrupted.
 */
const exitStatus = {
  usage: 2,
  "file-missing": 2,
  "file-invalid": 2,
  "file-untrusted": 2,
  "engine-unreachable": 3,
  "engine-lost": 3,
  "engine-refused": 1,
  "engine-api": 1,
  "not-found": 4,
  conflict: 1,
  "not-ours": 1,
  locked: 1,
  "no-init": 1,
  "no-os": 1,
  "host-unfit": 1,
  "mirror-failed": 1,
  "disk-full": 1,
  "output-lost": 1,
  "tool-missing": 1,
  "tool-failed": 1,
  "boot-failed": 5,
  "boot-degraded": 5,
  "boot-timeout": 5,
  interrupted: 130,
  internal: 1,
} as const;

export type ErrorCode = keyof typeof exitStatus;

export interface ErrorOptions {
  /** The next step for the user, one imperative sentence. */
  readonly hint?: string;
  /** Machine-readable facts for `--json`; never secrets. */
  readonly details?: unknown;
  readonly cause?: unknown;
}

/** The one error class. `message` says what went wrong, `hint` what to do next. */
export class BerthError extends Error {
  override readonly name = "BerthError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: unknown;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  get exitStatus(): number {
    return exitStatus[this.code];
  }
}

/** Whether an unknown thrown value is a BerthError with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is BerthError {
  return error instanceof BerthError && error.code === code;
}
