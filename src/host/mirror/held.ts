import { calls } from "#host/syscall/mirror-calls.ts";
import type { Node } from "./nodes.ts";

/** A little longer than the kernel knows a file as what it was. */
const heldMs = 100;
/** As many as an engine looks at before it opens the first of them: what a page of a directory names. */
const most = 256;

/**
 * Files as the engine has just seen them, to open the same ones even if the machine replaces them meanwhile:
 * an archive breaks if a file gets shorter after its header, and a list of changes fails if a directory
 * becomes a file. Held only briefly, since a deleted file takes disk space while it is open.
 */
export class HeldFiles {
  /** The oldest first. */
  readonly #files = new Map<Node, { readonly file: number; readonly until: number }>();

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  /** Takes ownership of the descriptor; it stays valid for the caller until the next call. */
  keep(node: Node, file: number): void {
    this.#drop(node);
    this.#files.set(node, { file, until: performance.now() + heldMs });
    if (this.#files.size > most) for (const [oldest] of this.#files.entries().take(1)) this.#drop(oldest);
  }

  of(node: Node): number | undefined {
    return this.#files.get(node)?.file;
  }

  /** Closes what was held long enough. */
  letGo(now = performance.now()): void {
    for (const [node, { until }] of this.#files) {
      if (until > now) return;
      this.#drop(node);
    }
  }

  #drop(node: Node): void {
    const held = this.#files.get(node);
    if (held === undefined) return;
    calls.close(held.file);
    this.#files.delete(node);
  }
}
