import { field } from '@sagewai/config';
import { FLEET_DEFAULTS } from '@sagewai/fleet';

import { queueFields } from './queue-fields.ts';
import { runFields } from './run-fields.ts';
import { workerFields } from './worker-fields.ts';

/** Each is the whole of one setting of the fleet. */
export const NAMED_SETTINGS = { ...workerFields, ...queueFields, ...runFields } as const;
const EVENTS = FLEET_DEFAULTS.eventLimits;

/** What an operator may say about the fleet. */
export const fleetFields = {
  ...NAMED_SETTINGS,
  OPEN_REGISTRATION: field.boolean({
    default: null,
    description: 'Whether workers may register without any credential (default: on loopback only)',
  }),
  UNPRICED_OWN_MODELS: field.oneOf(['record', 'refuse'], {
    default: FLEET_DEFAULTS.unpricedOwnModels,
    description: 'What becomes of a worker’s own call of a model without a price',
  }),
  MASS_SILENCE_PERCENT: field.integer({
    default: 100 * FLEET_DEFAULTS.massSilenceShare,
    min: 1,
    max: 100,
    description: 'More of the workers with runs than this, silent at once, are given as long again',
  }),
  RUN_EVENTS_PER_SECOND: field.integer({
    default: EVENTS.perSecond,
    min: 1,
    description: 'Events that a run may say a second in the long run',
  }),
  RUN_EVENTS_BURST: field.integer({
    default: EVENTS.atOnce,
    min: 1,
    description: 'So many of them at once',
  }),
  RUN_EVENTS_MAX: field.integer({
    default: EVENTS.perRun,
    min: 1,
    description: 'So many of them in all',
  }),
  RUN_EVENT_BYTES_MAX: field.integer({
    default: EVENTS.bytesPerRun,
    min: 1_024,
    description: 'So many bytes of them in all',
  }),
} as const;
