/** A line that keeps an invariant, what is left when somebody removes it, and the tests that notice. */
export interface SourceMutant {
  readonly name: string;
  readonly file: string;
  /** There exactly once: a change to the line fails the check loudly instead of testing nothing. */
  readonly from: string;
  readonly to: string;
  readonly project: 'unit' | 'pg' | 'e2e';
  readonly tests: string;
  /** Of them, those whose name matches: the others take time and know nothing of it. */
  readonly only?: string;
}

export const FLEET = 'planes/fleet/src';
export const SQL = 'db/functions/fleet';
