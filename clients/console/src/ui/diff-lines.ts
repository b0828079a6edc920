export interface DiffLine {
  readonly kind: 'same' | 'one' | 'other';
  readonly text: string;
}

/** More cells than that would keep the page waiting. */
const CELLS_MAX = 4_000_000;

/**
 * What two texts have in common, line by line, and what only one of them has: by the longest common subsequence. Texts
 * that are too long for that are told whole, one after the other.
 */
export function diffLines(one: string, other: string): readonly DiffLine[] {
  const [a, b] = [one.split('\n'), other.split('\n')];
  if (one === other) return a.map((text) => ({ kind: 'same', text }));
  if (a.length * b.length > CELLS_MAX) {
    return [...tell('one', a), ...tell('other', b)];
  }
  const width = b.length + 1;
  // At (i, j): how many lines the texts from there on have in common.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push({ kind: 'one', text: a[i] ?? '' });
      i += 1;
    } else {
      lines.push({ kind: 'other', text: b[j] ?? '' });
      j += 1;
    }
  }
  return [...lines, ...tell('one', a.slice(i)), ...tell('other', b.slice(j))];
}

const tell = (kind: DiffLine['kind'], texts: readonly string[]): DiffLine[] =>
  texts.map((text) => ({ kind, text }));
