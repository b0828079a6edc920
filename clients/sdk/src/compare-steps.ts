import type { CallOutput } from './client.ts';

type Step = CallOutput<'runs.readJournal'>['steps'][number];

export interface ComparedStep {
  /** Its name, with how often it was asked for before. */
  readonly key: string;
  /** `same`, or how it differs. */
  readonly how: string;
  readonly one: Step | undefined;
  readonly other: Step | undefined;
}

/** The steps of two journals side by side, in the order of the first, then what only the second has. */
export function compareSteps(one: readonly Step[], other: readonly Step[]): ComparedStep[] {
  const [before, after] = [one, other].map(
    (steps) => new Map(steps.map((step) => [`${step.name}#${step.ordinal}`, step])),
  ) as [Map<string, Step>, Map<string, Step>];
  return [...new Set([...before.keys(), ...after.keys()])].map((key) => {
    const pair = { one: before.get(key), other: after.get(key) };
    return { key, how: compare(pair.one, pair.other), ...pair };
  });
}

function compare(one: Step | undefined, other: Step | undefined): string {
  if (one === undefined) return 'only in the other';
  if (other === undefined) return 'only in the one';
  if (one.state !== other.state) return `${one.state}, then ${other.state}`;
  if (one.input_digest !== other.input_digest) return 'another input';
  const isSame =
    JSON.stringify([one.result, one.error]) === JSON.stringify([other.result, other.error]);
  return isSame ? 'same' : 'another result';
}
