import { warn } from "./check.ts";
import type { Check, EngineFacts } from "./doctor-facts.ts";

/** What `no-new-privileges` as the engine's default costs machines; no check where it is off. */
export function checkPrivileges({ securityOptions }: EngineFacts): readonly Check[] {
  if (!securityOptions.includes("name=no-new-privileges")) return [];
  return [
    warn(
      "no-new-privileges",
      "no-new-privileges",
      "the engine's default: in machines sudo, su, ping and the like gain nothing",
      "ask for profile: full in berth.yaml, or for --security-opt no-new-privileges=false in " +
        "`docker run`; or remove it from the engine's daemon.json",
    ),
  ];
}
