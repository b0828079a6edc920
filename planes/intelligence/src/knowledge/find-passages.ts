import type { Caller, StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';

import type { OfProject } from '../chats/chat.ts';
import type { IntelligenceParts } from '../intelligence-options.ts';
import type { Embed } from '../models/embed.ts';
import { findIndex } from './knowledge.sql.ts';
import type { Found, IndexRow } from './passage.ts';
import { cutOff, refine } from './refine.ts';
import type { Search } from './search.ts';

export interface Finding {
  readonly embed: Embed;
  readonly search: Search;
}

// What refinement may choose from.
const CANDIDATES_PER_RESULT = 5;
// Each word of a question is compared with each passage, and PostgreSQL takes no query of a megabyte.
const QUESTION_LETTERS_MAX = 8_000;

export const mayCallModels = ({ kind }: Pick<Caller, 'kind'>): boolean =>
  kind === 'key' || kind === 'run';

/** None: there is no index, or nothing in it has to do with the question. */
export async function findPassages(
  parts: IntelligenceParts & Finding,
  of: OfProject,
  asked: {
    readonly as: Pick<StreamInput, 'caller' | 'request'>;
    readonly text: string;
    readonly topK: number;
    readonly refines: boolean;
  },
): Promise<Found[]> {
  const { db, embed, search, settings } = parts;
  const { as, topK, refines } = asked;
  const text = asked.text.slice(0, QUESTION_LETTERS_MAX);
  const before = await inTenant(db, [of.orgId], (tx) => findIndex(tx, of));
  if (before === null || before.generation === null) return [];
  // Vectors of two models say nothing of each other; and a person calls no models (K5).
  const isComparable = ({ embeddingModel }: IndexRow): boolean =>
    embeddingModel !== null && embeddingModel === settings.embeddingModel;
  const made = isComparable(before) && mayCallModels(as.caller) ? await embed(as, [text]) : null;
  const most = topK * CANDIDATES_PER_RESULT;
  const found = await inTenant(db, [of.orgId], async (tx) => {
    // K2. While the model was asked, a build may have ended, and what was there before it is gone.
    const index = await findIndex(tx, of);
    if (index === null) return [];
    const vector = isComparable(index) ? (made?.[0]?.values ?? null) : null;
    return search(tx, of, { index, text, vector, most });
  });
  const bounds = { topK, tokensMax: settings.passageTokensMax };
  return refines ? refine(found, text, bounds) : cutOff(found, bounds);
}
