import type { Row } from "../row.ts";

/** systemd.resource-control(5), of single units in the machine. */
export const limits: readonly Row[] = [
  {
    id: "memory-max",
    title: "MemoryMax= of a unit",
    passes: "a unit that takes 200 MB with 32 MB allowed is killed",
    controller: "memory",
    script: `
unit -p MemoryMax=32M -p MemorySwapMax=0 perl -e 'my $x = "a" x (200 << 20); exit length($x) > 0 ? 0 : 1' && fail "the unit got 200 MB: nothing holds it"
true`,
  },
  {
    id: "tasks-max",
    title: "TasksMax= of a unit",
    passes: "a unit with 5 tasks allowed cannot start 20",
    controller: "pids",
    script: `
unit -p TasksMax=5 perl -e 'for (1 .. 20) { my $pid = fork; exit 7 unless defined $pid; if (!$pid) { sleep 2; exit } } exit 0'
case $? in 7) ;; 0) fail "the unit started 20: nothing holds it" ;; *) fail "status $?" ;; esac`,
  },
];
