import { StepFailed, Unrecoverable } from './errors.ts';

/** The step that an error comes from; null: from none. */
export function failedStepOf(error: unknown): StepFailed | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof StepFailed) return at;
  }
  return null;
}

export function isUnrecoverable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Unrecoverable) return true;
  }
  return false;
}
