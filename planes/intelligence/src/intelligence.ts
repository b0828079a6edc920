import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import { createEmbedding } from '@sagewai/wire';

import { chatRoutes } from './chats/chat-routes.ts';
import { withChats } from './chats/with-chats.ts';
import {
  INTELLIGENCE_DEFAULTS,
  type IntelligenceOptions,
  type IntelligenceParts,
} from './intelligence-options.ts';
import { intelligenceJobs } from './jobs.ts';
import { createEmbed } from './models/embed.ts';

export interface Intelligence {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  /** The routes of models, which from now on know what is remembered. */
  around(models: readonly Route[]): Route[];
}

export function createIntelligence({ settings, ...options }: IntelligenceOptions): Intelligence {
  const parts: IntelligenceParts = {
    ...options,
    settings: { ...INTELLIGENCE_DEFAULTS, ...settings },
  };
  return {
    routes: chatRoutes(parts),
    jobs: intelligenceJobs(parts),
    around: (models) => {
      const embeddings = models.find(({ endpoint }) => endpoint.id === createEmbedding.id);
      const embed = createEmbed(embeddings, parts.settings.embeddingModel);
      return models.map((route) => withChats(route, { ...parts, embed }));
    },
  };
}
