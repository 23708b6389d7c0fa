/**
 * Runs a perl program on a host or in a container: by `run`, with words for its @ARGV. Debian has it
 * everywhere.
 */
export function perl(program: string, ...words: readonly string[]): readonly [string, ...string[]] {
  return ["perl", "-MIO::Socket::INET", "-e", program, ...words];
}

/** Connects, and prints what the server says first: `perl(greeting, HOST, PORT)`. */
export const greeting =
  '$s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 10) or die "no connection: $@"; print scalar <$s>';

const listen = "$s = IO::Socket::INET->new(Listen => 9, LocalPort => $ARGV[0], ReuseAddr => 1) or die $@;";
const answer = 'while ($c = $s->accept) { print $c $c->peerhost, "\\n"; close $c }';

/** Answers each who connects with that one's address: `perl(echoAddress, PORT)`. */
export const echoAddress = `${listen} ${answer}`;

/** As systemd.service(5) reads it on a command line. */
const inUnit = (program: string) =>
  program.replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\\", "\\\\");

/** A unit of a machine that does so, and has started when it listens. */
export const echoUnit = (port: number) =>
  `[Service]\nType=forking\nExecStart=/usr/bin/perl -MIO::Socket::INET -e '${inUnit(`${listen} fork and exit; ${answer}`)}' ${port}\nRestart=on-failure\n[Install]\nWantedBy=multi-user.target\n`;
