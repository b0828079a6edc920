/** What a trainer tells while it works: a JSON object a line. Whatever else it says is no news of it. */
export interface Progress {
  /** Which is done; from 1. */
  readonly epoch: number;
  readonly loss: number | null;
}

export interface ProgressReader {
  take(piece: Uint8Array): void;
}

/** A line without end is no news. */
const LINE_LETTERS_MAX = 100_000;

export function progressReader(tell: (progress: Progress) => void): ProgressReader {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    take: (piece) => {
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = (lines.pop() ?? '').slice(-LINE_LETTERS_MAX);
      for (const line of lines) {
        const { epoch, loss } = recordIn(line);
        if (typeof epoch !== 'number' || !Number.isInteger(epoch)) continue;
        tell({ epoch, loss: typeof loss === 'number' ? loss : null });
      }
    },
  };
}

/** The numbers of the last line that has `metrics`; none: nothing was measured. */
export function metricsIn(output: string): Readonly<Record<string, number>> {
  const { metrics } = output
    .split('\n')
    .map(recordIn)
    .findLast((record) => record['metrics'] !== undefined) ?? { metrics: {} };
  const numbers = Object.entries(Object(metrics) as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    numbers.flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : [])),
  );
}

function recordIn(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
