/**
 * What came of an attempt. `failed`: it was answered, or never arrived: nothing further is to be expected of it.
 * `unknown`: it may have had its effect (A3).
 */
import type { TOOL_ERRORS } from '@sagewai/wire';

export type ToolError = (typeof TOOL_ERRORS)[number];

export type Outcome =
  | { readonly kind: 'completed'; /** JSON text. */ readonly result: string }
  | {
      readonly kind: 'failed';
      readonly error: ToolError;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'unknown'; readonly error: ToolError; readonly message: string };

/** Nothing has happened: what may not be done twice may be tried again. */
const HAD_NO_EFFECT: ReadonlySet<ToolError> = new Set(['unreachable', 'busy']);
/** Another try may come out differently. */
const PASSES: ReadonlySet<ToolError> = new Set(['unreachable', 'busy', 'broken', 'late', 'cut']);

export function mayRetry(outcome: Outcome, isRepeatable: boolean): boolean {
  if (outcome.kind === 'completed') return false;
  return PASSES.has(outcome.error) && (isRepeatable || HAD_NO_EFFECT.has(outcome.error));
}

/** Of what may be done again it does not matter whether it was done. */
export function settled(outcome: Outcome, isRepeatable: boolean): Outcome {
  return outcome.kind === 'unknown' && isRepeatable ? { ...outcome, kind: 'failed' } : outcome;
}
