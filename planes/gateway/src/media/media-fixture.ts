import type { MediaSettings } from './media-settings.ts';

/** Nobody waits for long. */
export const FAST_MEDIA: MediaSettings = {
  audioBytesMax: 128 * 1024,
  batches: { askMs: 1, askMsMax: 1, giveUpMs: 60_000 },
  background: { askMs: 1, askMsMax: 1, giveUpMs: 60_000 },
};
