import { type Config, field } from '@sagewai/config';

import type { RotationSettings } from './rotation.ts';

export const rotationFields = {
  KEY_ROTATION_OVERLAP: field.duration({
    description:
      'For how long the former value of a key that rotates by itself is good beside the new one; at most half of its interval.',
    default: 259_200_000,
    min: 0,
    max: 31_536_000_000,
  }),
  KEY_ROTATION_LOOK: field.duration({
    description: 'How often keys are looked for that are to rotate.',
    default: 60_000,
    min: 100,
  }),
} as const;

export const rotationOf = (settings: Config<typeof rotationFields>): RotationSettings => ({
  lookMs: settings.keyRotationLookMs,
  overlapMs: settings.keyRotationOverlapMs,
});
