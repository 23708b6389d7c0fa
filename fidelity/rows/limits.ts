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
# It ends its own children: without cgroup2, systemd may not notice that the last one has gone.
unit -p TasksMax=5 perl -e 'my @pids; for (1 .. 20) { my $pid = fork; last unless defined $pid; if (!$pid) { sleep 20; exit } push @pids, $pid }
  kill 9, @pids; waitpid $_, 0 for @pids; exit(@pids < 20 ? 7 : 0)'
case $? in 7) ;; 0) fail "the unit started 20: nothing holds it" ;; *) fail "status $?" ;; esac`,
  },
];
