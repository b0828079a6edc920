import { type JournaledStep, keyOf, type StepKind, type StepName } from './journal.ts';

/** What a program asks for. */
export interface AskedStep extends StepName {
  readonly kind: StepKind;
  /** Null: it says nothing of its input. */
  readonly inputDigest: string | null;
}

/**
 * - R1. A step that has finished is answered from the journal, and not done again.
 * - R2. Nothing is done before all that has finished was asked for again: a finished step depends on finished
 *   steps alone, so the program that was journaled asks for all of them without anything new.
 * - R3. Whatever cannot be of the program that was journaled names the step.
 */
export type StepDecision =
  | { readonly kind: 'answer'; readonly step: JournaledStep }
  | { readonly kind: 'do'; readonly begun: JournaledStep | null }
  /** R2. It may be done later. */
  | { readonly kind: 'hold'; readonly begun: JournaledStep | null }
  | { readonly kind: 'differs'; readonly expected: string; readonly found: string };

export function decideStep(
  asked: AskedStep,
  inJournal: JournaledStep | undefined,
  /** How many finished steps were not asked for yet, without this one. */
  unasked: number,
): StepDecision {
  if (inJournal === undefined) {
    return unasked > 0 ? { kind: 'hold', begun: null } : { kind: 'do', begun: null };
  }
  const difference = differenceOf(asked, inJournal);
  if (difference !== null) return difference;
  if (isFinished(inJournal)) return { kind: 'answer', step: inJournal };
  return { kind: unasked > 0 ? 'hold' : 'do', begun: inJournal };
}

/** Its end stands in the journal, and counts. */
export const isFinished = ({ state }: Pick<JournaledStep, 'state'>): boolean =>
  state === 'completed' || state === 'failed';

/** How a step is named where a person reads it. */
export const describe = ({ kind, ...name }: StepName & { readonly kind: StepKind }): string =>
  `${kind} ${keyOf(name)}`;

function differenceOf(asked: AskedStep, journaled: JournaledStep): StepDecision | null {
  if (asked.kind !== journaled.kind) {
    return { kind: 'differs', expected: describe(journaled), found: describe(asked) };
  }
  const { input_digest: before } = journaled;
  const isSame = asked.inputDigest === null || before === null || asked.inputDigest === before;
  if (isSame) return null;
  const of = describe(asked);
  return {
    kind: 'differs',
    expected: `${of} with the input ${before}`,
    found: `${of} with another`,
  };
}
