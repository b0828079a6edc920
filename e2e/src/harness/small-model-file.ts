/** What the small trainer leaves: for each answer, how much each word of a question speaks for it. */
export interface SmallModel {
  readonly base_model: string;
  readonly weights: Record<string, Record<string, number>>;
}

export const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/\w+/g) ?? [];

/** Null: nothing speaks for any. */
export function chooseAnswer({ weights }: SmallModel, question: string): string | null {
  const scores = Object.entries(weights).map(([answer, of]) => ({
    answer,
    score: wordsOf(question).reduce((sum, word) => sum + (of[word] ?? 0), 0),
  }));
  const [best] = scores.toSorted((a, b) => b.score - a.score);
  return best !== undefined && best.score > 0 ? best.answer : null;
}
