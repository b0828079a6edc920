/**
 * The index of a project.
 *
 *   K1. It is of one project; nobody else's calls find anything in it.
 *   K2. It changes as a whole: calls find the passages of one build, the former ones until the new ones are all there.
 *   K3. Of the server's folders only those are read that the operator has named for the project, links in them not
 *       followed.
 *   K4. Passages are a user's words: they never become the system's.
 *   K5. What is asked of a model for it is a call of whoever asks.
 */
export interface Document {
  readonly path: string;
  readonly text: string;
}

export interface Passage {
  readonly path: string;
  readonly heading: string;
  /** Within its document. */
  readonly chunk: number;
  readonly body: string;
}

export interface Found extends Passage {
  readonly place: number;
  /** Higher is better; comparable within one search alone. */
  readonly score: number;
}

export interface IndexRow {
  readonly generation: string | null;
  readonly documents: number;
  readonly chunks: number;
  readonly bytes: bigint;
  readonly embeddingModel: string | null;
  readonly source: string;
  readonly builtAt: Date;
  readonly builtBy: string;
}
