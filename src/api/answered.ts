/** A request's type as engines answer it: null for an absent value, an empty string for an absent text. */
export type Answered<T> = { readonly [Key in keyof T]: OrNull<T[Key]> };

type OrNull<T> = T extends string | undefined ? T : T | null;
