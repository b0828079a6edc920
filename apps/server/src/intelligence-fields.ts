import { field } from '@sagewai/config';
import { MEMORY_BACKENDS } from '@sagewai/wire';

import { DAY_MS, MINUTE_MS } from './fleet-setting.ts';
import { checkRoots } from './index-roots.ts';

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
  INDEX_ROOTS: field.list({
    default: [],
    check: checkRoots,
    description:
      'Folders of the server that projects may index, each as organization/project=/folder, by ids or names; none unless named',
  }),
  INDEX_PASSAGES_MAX: field.integer({
    default: 20_000,
    min: 1,
    max: 200_000,
    description: 'Of how many passages the index of a project may be',
  }),
  ARTIFACT_BYTES_MAX: field.integer({
    default: 1024 * 1024 * 1024,
    min: 1_024,
    description: 'Of one artifact, as a set of data or a file of a model',
  }),
  ARTIFACTS_BYTES_MAX: field.integer({
    default: 20 * 1024 * 1024 * 1024,
    min: 1_024,
    description: 'Of all artifacts of a project together',
  }),
  INDEX_PASSAGE_TOKENS_MAX: field.integer({
    default: 1_200,
    min: 50,
    max: 100_000,
    description: 'How many tokens all passages may have together that a call is given',
  }),
} as const;
