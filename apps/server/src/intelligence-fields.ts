import { field } from '@sagewai/config';
import { MEMORY_BACKENDS } from '@sagewai/wire';

import { DAY_MS, MINUTE_MS } from './fleet-setting.ts';

/** What is remembered and looked up. */
export const intelligenceFields = {
  EMBEDDING_MODEL: field.string({
    default: null,
    description:
      'The model that makes vectors for memory and index, paid for by who calls; without it words are compared',
  }),
  CHAT_MEMORY: field.oneOf(MEMORY_BACKENDS, {
    default: 'short_term',
    description: 'How chat sessions remember that do not say so themselves',
  }),
  CHAT_RECALLED_BYTES_MAX: field.integer({
    default: 64 * 1024,
    min: 0,
    max: 4 * 1024 * 1024,
    description: 'Of what was said in a chat session, so much is told to a model again',
  }),
  CHAT_DIALOGS_MAX: field.integer({
    default: 1_000,
    min: 10,
    max: 10_000,
    description: 'Of a chat session so many dialogs are kept; the oldest go',
  }),
  CHAT_RETENTION: field.duration({
    default: 30 * DAY_MS,
    min: MINUTE_MS,
    description: 'How long chat sessions are kept in which nothing is said',
  }),
} as const;
