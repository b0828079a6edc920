import { type Config, field } from '@sagewai/config';

import type { BatchSettings } from '../batches/batch-parts.ts';

/** What a process reads of pictures, recordings and files. */
export const mediaFields = {
  AUDIO_BYTES_MAX: field.integer({
    description: 'The largest recording that may be sent to be written down.',
    default: 26_214_400,
    min: 1_024,
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
}

export const readMediaSettings = ({
  audioBytesMax,
  batchAskIntervalMs: askMs,
  batchAskIntervalMaxMs: askMsMax,
  batchGiveUpMs: giveUpMs,
}: Config<typeof mediaFields>): MediaSettings => ({
  audioBytesMax,
  batches: { askMs, askMsMax, giveUpMs },
});
