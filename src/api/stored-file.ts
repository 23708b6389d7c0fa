/** A secret or config of a swarm, without its content. */
export interface StoredFile {
  readonly ID: string;
  readonly Spec: { readonly Name: string };
}
