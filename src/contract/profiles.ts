/** How much a machine may do; docs/profiles.md says what each means. */
export const profiles = ["strict", "full", "privileged"] as const;
export type Profile = (typeof profiles)[number];
