/** Node's names of the architectures that berth runs on (`process.arch`), with Go's (GOARCH). */
const goNames: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * How the engine, and Debian's archive, call an architecture of node's `process.arch`; undefined for one that
 * berth does not run on.
 */
export const goArchitecture = (arch: string): string | undefined => goNames[arch];
