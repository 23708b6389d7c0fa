import { version } from "../../package.json";

export { version };

/** What `berth --version` prints. */
export function versionLine(): string {
  return `berth ${version}\n`;
}
