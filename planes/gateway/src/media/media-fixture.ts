import type { MediaSettings } from './media-settings.ts';

/** Nobody waits for long. */
export const FAST_MEDIA: MediaSettings = {
  audioBytesMax: 128 * 1024,
  batches: { askMs: 1, askMsMax: 1, giveUpMs: 60_000 },
  background: { askMs: 1, askMsMax: 1, giveUpMs: 60_000 },
};

/** What is kept of calls, and for how long. */
export const KEPT = {
  cache: { when: 'named', ttlMs: 60_000, bytesMax: 1024 * 1024 },
  callBodies: { bytesMax: 64 * 1024, roomBytesMax: 1024 * 1024, dropEveryMs: 60_000 },
} as const;
