/** The places of the best scores above a bound; of two that are alike the later one, which is the newer. */
export function bestOf(scores: readonly number[], most: number, above = 0): number[] {
  return scores
    .map((score, place) => ({ score, place }))
    .filter(({ score }) => score > above)
    .toSorted((a, b) => b.score - a.score || b.place - a.place)
    .slice(0, most)
    .map(({ place }) => place);
}
