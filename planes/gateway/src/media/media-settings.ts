import { type Config, field } from '@sagewai/config';

/** What a process reads of pictures, recordings and files. */
export const mediaFields = {
  AUDIO_BYTES_MAX: field.integer({
    description: 'The largest recording that may be sent to be written down.',
    default: 26_214_400,
    min: 1_024,
  }),
} as const;

export interface MediaSettings {
  /** Of a recording that is to be written down. */
  readonly audioBytesMax: number;
}

export const readMediaSettings = ({
  audioBytesMax,
}: Config<typeof mediaFields>): MediaSettings => ({ audioBytesMax });
