import { type Config, field } from '@sagewai/config';

export interface BodySettings {
  /** Of each side of a call. */
  readonly bytesMax: number;
  /** Of all calls that are under way, in one process. */
  readonly roomBytesMax: number;
  readonly dropEveryMs: number;
}

export const bodyFields = {
  CALL_BODY_BYTES_MAX: field.integer({
    description:
      'How much is kept of what a call asks, and of what it is answered, where a project keeps it.',
    default: 256 * 1024,
    min: 1,
    max: 16 * 1024 * 1024,
  }),
  CALL_BODY_ROOM: field.integer({
    description:
      'How many bytes of it a server holds at once, until they are stored; beyond it less is kept.',
    default: 16 * 1024 * 1024,
    min: 0,
  }),
  CALL_BODY_DROP_INTERVAL: field.duration({
    description: 'How often it is dropped what was kept of calls for long enough.',
    default: 3_600_000,
    min: 100,
  }),
} as const;

export const bodySettingsOf = (settings: Config<typeof bodyFields>): BodySettings => ({
  bytesMax: settings.callBodyBytesMax,
  roomBytesMax: settings.callBodyRoom,
  dropEveryMs: settings.callBodyDropIntervalMs,
});
