/**
 * The object without its undefined values: where `exactOptionalPropertyTypes` holds, an absent key is the one
 * way to leave a value out.
 */
export function omitUndefined<T extends object>(
  values: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof omitUndefined<T>
  >;
}
