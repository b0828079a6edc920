/** A step that threw, at last. A program may catch it; what it does then is journaled like everything. */
export class StepFailed extends Error {
  /** `<name>#<ordinal>`. */
  readonly step: string;
  /** No other attempt would fare better. */
  readonly isFinal: boolean;

  constructor(step: string, message: string, options: { cause?: unknown; isFinal?: boolean } = {}) {
    super(`step ${step} failed: ${message}`, { cause: options.cause });
    this.name = 'StepFailed';
    this.step = step;
    this.isFinal = options.isFinal ?? false;
  }
}

/** Thrown by a step that is not to be tried again, neither at once nor by another attempt. */
export class Unrecoverable extends Error {
  override readonly name = 'Unrecoverable';
}

/** The program is not the one that was journaled, or does not do the same each time. */
export class NonDeterministic extends Error {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super(
      `the workflow does not do what its journal says: expected ${expected}, found ${found}. ` +
        'What may come out differently belongs into a step; another program is another workflow',
    );
    this.name = 'NonDeterministic';
    this.expected = expected;
    this.found = found;
  }
}
