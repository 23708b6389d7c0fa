/** A word that a shell may complete to. */
export interface Candidate {
  readonly word: string;
  /** Shown beside the word by zsh and fish. */
  readonly description?: string;
}
