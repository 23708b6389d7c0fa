/** Filters as the API has them: every key must match, any of its values does. */
export type Filters = Readonly<Record<string, readonly string[]>>;
