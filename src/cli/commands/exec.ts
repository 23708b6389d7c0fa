import { defineCommand } from "#cli/frame/command.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { commandEnvironment, wantsTerminal } from "#cli/options/run-options.ts";
import { relayCommand } from "#cli/terminal/relay.ts";
import { startCommand } from "#ops/machine/machine-command.ts";
import { reachMachine } from "#ops/swarm/reach-machine.ts";
import { usageError } from "#usage.ts";

export const command = defineCommand({
  name: "exec",
  summary: "Run a command in a machine",
  description: `
    Runs a command in a running machine, word by word and without a shell, and exits with its status: 127 if
    the program does not exist, 126 if it cannot run, 130 when interrupted.

    From a terminal to a terminal the command gets a terminal of its own, as with -it; --no-tty prevents that.
    Otherwise standard output and standard error stay separate, and binary data passes unchanged. Without -i
    the command has no standard input.

    An interruption ends the command too: berth sends it the same signal (SIGHUP if it has a terminal), and
    SIGKILL after 10 s. This needs a shell in the machine, and ps of procps on the engine's host. If it fails,
    berth warns that the command may still run.

    A machine of a swarm service has its own name or the service's. berth reaches one on another node by ssh,
    at the address that the swarm knows.

    With --json the result is one object with status, stdout and stderr. berth ends a command that prints more
    than 16 MiB.`,
  arguments: [
    { name: "name", description: "machine", completes: "machine" },
    { name: "command", description: "program and its arguments", variadic: true },
  ],
  options: {
    interactive: { short: "i", description: "pass standard input" },
    tty: { short: "t", description: "allocate a terminal" },
    noTty: { short: "T", description: "allocate no terminal" },
    user: {
      short: "u",
      value: "USER",
      description: "run as this user: name or number, optionally with :group",
    },
    workdir: { short: "w", value: "DIR", description: "run in this directory" },
    env: {
      short: "e",
      value: "NAME[=VALUE]",
      repeat: true,
      description: "variable; without a value, berth's own",
    },
    detach: { short: "d", description: "start the command and do not wait for it" },
    sshUser: {
      value: "USER",
      description: "user for ssh to other nodes of the swarm",
      env: "BERTH_SSH_USER",
    },
  },
  passThrough: true,
  examples: [
    { command: "berth exec web systemctl status nginx", description: "look at a service" },
    {
      command: "berth exec -u www-data -w /var/www web ls -l",
      description: "as another user, in a directory",
    },
    { command: "berth exec -i web tar x -C /srv < site.tar", description: "with a file as standard input" },
  ],
  async action(
    context,
    { name, command: cmd },
    { interactive, user, workdir, env, detach, sshUser, ...terminal },
  ) {
    if (detach && interactive) throw usageError("--detach and --interactive cannot be combined");
    const { tty, stdin } = wantsTerminal(context, { ...terminal, interactive, detach });
    const { engine, machine } = await reachMachine(await openContextEngine(context), name, {
      signal: context.signal,
      sshUser,
    });
    const wanted = { cmd, user, workdir, stdin, tty, env: commandEnvironment(context.io.env, env, tty) };
    if (!detach) return relayCommand(context, engine, machine, wanted);
    await startCommand(engine, machine, wanted, context.signal);
    return undefined;
  },
});
