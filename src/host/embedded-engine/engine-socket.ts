import { request } from "node:http";

/**
 * Asks an engine over its unix socket (Engine API: GET /_ping, GET /version).
 * Undefined when nobody answers there with success within two seconds.
 */
export function askEngine(socket: string, path: "/_ping" | "/version"): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath: socket, path, timeout: 2000, headers: { host: "docker", connection: "close" } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("end", () =>
          resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined),
        );
        response.once("error", () => resolve(undefined));
      },
    );
    // Not there, refused or silent all mean the same to one who waits for it.
    asked.once("error", () => resolve(undefined));
    asked.once("timeout", () => {
      asked.destroy();
      resolve(undefined);
    });
    asked.end();
  });
}
