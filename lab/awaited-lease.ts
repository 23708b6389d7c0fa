/**
 * Perl's `awaited()`: whether somebody waits for a lease of this process, as proc_locks(5) tells. Who asks
 * without waiting comes before.
 */
export const awaitedLease = String.raw`
  sub awaited { open my $locks, "<", "/proc/locks"; join("", <$locks>) =~ /^(\d+): LEASE .* $$ [^\n]*\n\1: -> LEASE /m }`;
