import { field } from '@sagewai/config';
import { findKeyWeakness } from '@sagewai/fleet';

/** A first enrollment key, so that a stack that starts by itself has workers without a hand. */
export const bootstrapFields = {
  SAGEWAI_BOOTSTRAP_ENROLLMENT_KEY: field.secret({
    default: null,
    description:
      'An enrollment key that the server makes at its start, once; its workers are approved at once',
    check: findKeyWeakness,
  }),
  SAGEWAI_BOOTSTRAP_ENROLLMENT_POOLS: field.list({
    default: [],
    description: 'The pools that it admits to; none named: any',
  }),
  SAGEWAI_BOOTSTRAP_ENROLLMENT_MODELS: field.list({
    default: [],
    description: 'The models that its workers may serve; none named: any',
  }),
  SAGEWAI_BOOTSTRAP_ENROLLMENT_USES_MAX: field.integer({
    default: 100,
    min: 1,
    max: 100_000,
    description: 'How many workers it admits in all',
  }),
  SAGEWAI_BOOTSTRAP_ENROLLMENT_LIFETIME: field.duration({
    default: 30 * 86_400_000,
    min: 60_000,
    description: 'How long it admits workers, from when it was made',
  }),
} as const;
