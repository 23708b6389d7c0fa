/** What can be asked for as engines answer it: null where nothing was said, but an empty text for texts. */
export type Answered<T> = { readonly [Key in keyof T]: OrNull<T[Key]> };

type OrNull<T> = T extends string | undefined ? T : T | null;
