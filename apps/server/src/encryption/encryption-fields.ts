import { field } from '@sagewai/config';
import { checkMasterKey } from '@sagewai/crypto';

/** Replacing `SAGEWAI_ENCRYPTION_KEY` while servers run. */
export const encryptionFields = {
  SAGEWAI_ENCRYPTION_KEYS_OTHER: field.secret({
    default: null,
    description:
      'Keys that open what stands under them, and seal nothing: the next one, and former ones; separated by commas',
    check: (text) =>
      text
        .split(',')
        .map(checkMasterKey)
        .find((why) => why !== null) ?? null,
  }),
  ENCRYPTION_SEEN_INTERVAL: field.duration({
    default: 30_000,
    min: 100,
    description:
      'How often a server says which encryption keys it has; one that has not for three times as long is gone',
  }),
  ENCRYPTION_RESEAL_INTERVAL: field.duration({
    default: 60_000,
    min: 100,
    description: 'How often it is looked for rows that stand under a former encryption key',
  }),
} as const;
