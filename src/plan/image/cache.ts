/**
 * Where built roots are kept between runs: $BERTH_CACHE, else /var/cache/berth for root (hier(7)), else
 * $XDG_CACHE_HOME/berth or ~/.cache/berth (XDG Base Directory Specification; a relative XDG path counts as
 * unset).
 */
export function cacheDirectory(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
  home: string,
): string {
  if (env.BERTH_CACHE) return env.BERTH_CACHE;
  if (uid === 0) return "/var/cache/berth";
  return `${env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : `${home}/.cache`}/berth`;
}
