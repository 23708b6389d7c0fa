import { request } from "node:http";

/**
 * Requests a path of an engine's unix socket (Engine API: GET /_ping, GET /version). Undefined without a
 * successful answer within two seconds.
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
    // A missing, refusing or silent socket all mean: not ready.
    asked.once("error", () => resolve(undefined));
    asked.once("timeout", () => {
      asked.destroy();
      resolve(undefined);
    });
    asked.end();
  });
}
