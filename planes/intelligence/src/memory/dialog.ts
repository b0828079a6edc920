/** What was asked once, and what was answered. */
export interface Dialog {
  readonly user: string;
  readonly assistant: string;
  /** Null: none was made, and one of its words stands for it. */
  readonly vector: KeptVector | null;
}

export interface KeptVector {
  /** That made it: vectors of two models say nothing of each other. */
  readonly model: string;
  readonly values: readonly number[];
}

/** What is looked for among the dialogs of a chat. */
export interface Question {
  readonly text: string;
  /** Null: no model makes vectors. */
  readonly vector: KeptVector | null;
}

/** Which of them, oldest first, a model is reminded of: their places, in whatever order. */
export type Recall = (dialogs: readonly Dialog[], question: Question, most: number) => number[];

export const textOf = ({ user, assistant }: Pick<Dialog, 'user' | 'assistant'>): string =>
  `${user}\n${assistant}`;
