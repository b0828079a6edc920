import { type Config, field } from '@sagewai/config';

import type { BackgroundSettings } from '../background/background.ts';
import type { BatchSettings } from '../batches/batch-parts.ts';

/** What a process reads of pictures, recordings and files. */
export const mediaFields = {
  AUDIO_BYTES_MAX: field.integer({
    description: 'The largest recording that may be sent to be written down.',
    default: 26_214_400,
    min: 1_024,
  }),
  BACKGROUND_ASK_INTERVAL: field.duration({
    description:
      'How soon a response that is made in the background is asked after; doubles each time.',
    default: 5_000,
    min: 50,
  }),
  BACKGROUND_ASK_INTERVAL_MAX: field.duration({
    description: 'The longest between two questions after a response in the background.',
    default: 60_000,
    min: 50,
  }),
  BACKGROUND_GIVE_UP: field.duration({
    description:
      'After which a response in the background is not asked after any more; it is booked in full.',
    default: 86_400_000,
    min: 60_000,
  }),
  BATCH_ASK_INTERVAL: field.duration({
    description: 'How soon a batch is asked after; doubles each time.',
    default: 30_000,
    min: 50,
  }),
  BATCH_ASK_INTERVAL_MAX: field.duration({
    description: 'The longest between two questions after a batch.',
    default: 900_000,
    min: 50,
  }),
  BATCH_GIVE_UP: field.duration({
    description: 'After which a batch is not asked after any more; it stays booked in full.',
    default: 8 * 86_400_000,
    min: 60_000,
  }),
} as const;

export interface MediaSettings {
  /** Of a recording that is to be written down. */
  readonly audioBytesMax: number;
  readonly batches: Pick<BatchSettings, 'askMs' | 'askMsMax' | 'giveUpMs'>;
  readonly background: BackgroundSettings;
}

export const readMediaSettings = (of: Config<typeof mediaFields>): MediaSettings => ({
  audioBytesMax: of.audioBytesMax,
  batches: {
    askMs: of.batchAskIntervalMs,
    askMsMax: of.batchAskIntervalMaxMs,
    giveUpMs: of.batchGiveUpMs,
  },
  background: {
    askMs: of.backgroundAskIntervalMs,
    askMsMax: of.backgroundAskIntervalMaxMs,
    giveUpMs: of.backgroundGiveUpMs,
  },
});
