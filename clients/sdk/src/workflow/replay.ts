import {
  type AskedStep,
  decideStep,
  describe,
  isFinished,
  type StepDecision,
} from './decide-step.ts';
import { type Journal, type JournaledStep, keyOf } from './journal.ts';

/** What a journal says against what a program asks. */
export class Replay {
  readonly #journaled: ReadonlyMap<string, JournaledStep>;
  /** The finished steps that were not asked for yet, oldest first. */
  readonly #unasked: Map<string, JournaledStep>;
  readonly #asked = new Map<string, number>();

  constructor({ steps }: Pick<Journal, 'steps'>) {
    this.#journaled = new Map(steps.map((step) => [keyOf(step), step]));
    this.#unasked = new Map(steps.filter(isFinished).map((step) => [keyOf(step), step]));
  }

  /** Counts a step in: the n-th of its name. Called in the turn in which the program asks. */
  ask(name: string): number {
    const ordinal = this.#asked.get(name) ?? 0;
    this.#asked.set(name, ordinal + 1);
    return ordinal;
  }

  decide(asked: AskedStep): StepDecision {
    const key = keyOf(asked);
    this.#unasked.delete(key);
    return decideStep(asked, this.#journaled.get(key), this.#unasked.size);
  }

  /** Whether all that has finished was asked for (R2). */
  get isThrough(): boolean {
    return this.#unasked.size === 0;
  }

  /** The first finished step that nobody asks for; null: there is none. */
  get expected(): string | null {
    const [first] = this.#unasked.values();
    return first === undefined ? null : describe(first);
  }
}
