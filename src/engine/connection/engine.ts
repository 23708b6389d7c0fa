import type { Endpoint } from "#api/address.ts";
import type { Dial } from "./transport.ts";

/** An engine that answered, with the API version both sides speak. */
export interface Engine {
  readonly endpoint: Endpoint;
  /** Such as "1.41". */
  readonly apiVersion: string;
  /** Sends one HTTP call; `request.ts` makes typed requests of it. */
  readonly request: Dial;
}
