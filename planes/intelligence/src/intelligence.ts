import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import { createEmbedding } from '@sagewai/wire';

import { artifactJobs } from './artifacts/artifact-jobs.ts';
import { artifactRoutes } from './artifacts/artifact-routes.ts';
import { chatRoutes } from './chats/chat-routes.ts';
import { withChats } from './chats/with-chats.ts';
import {
  INTELLIGENCE_DEFAULTS,
  type IntelligenceOptions,
  type IntelligenceParts,
} from './intelligence-options.ts';
import { intelligenceJobs } from './jobs.ts';
import { indexRoutes } from './knowledge/index-routes.ts';
import { searchExactly } from './knowledge/search.ts';
import { withRetrieval } from './knowledge/with-retrieval.ts';
import { createEmbed } from './models/embed.ts';

export interface Intelligence {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  /** Those of models, which know what is remembered and where to look. */
  readonly modelRoutes: readonly Route[];
}

export function createIntelligence({
  settings,
  models,
  ...options
}: IntelligenceOptions & { readonly models: readonly Route[] }): Intelligence {
  const parts: IntelligenceParts = {
    rootsOf: async () => [],
    ...options,
    settings: { ...INTELLIGENCE_DEFAULTS, ...settings },
  };
  const embeddings = models.find(({ endpoint }) => endpoint.id === createEmbedding.id);
  const embed = createEmbed(embeddings, parts.settings.embeddingModel);
  const finding = { ...parts, embed, search: searchExactly };
  return {
    routes: [...chatRoutes(parts), ...indexRoutes(finding), ...artifactRoutes(parts)],
    jobs: [...intelligenceJobs(parts), ...artifactJobs(parts)],
    // What is said in a chat is the question, without the passages that it was given.
    modelRoutes: models.map((route) =>
      withChats(withRetrieval(route, finding), { ...parts, embed }),
    ),
  };
}
