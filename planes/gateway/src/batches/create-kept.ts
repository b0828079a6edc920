import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';

import { settleBackgroundJob } from '../background/settle-background.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import { keptRoutes } from '../kept-responses/kept-routes.ts';
import type { ResponseKeys } from '../kept-responses/response-id.ts';
import type { BatchParts } from './batch-parts.ts';
import { batchRoutes } from './batch-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { messageBatchRoutes } from './message-batch-routes.ts';
import { settleBatchesJob } from './settle-batches.ts';

/** What providers keep: files, batches and responses, with what asks after batches. */
export function createKept(
  of: Omit<BatchParts, 'settings' | 'clientStallMs'> & {
    readonly responseKeys: ResponseKeys;
    readonly config: Pick<GatewayConfig, 'media' | 'timeouts' | 'answerBytesMax'>;
  },
): { readonly routes: readonly Route[]; readonly jobs: readonly Job[] } {
  const { media, timeouts, answerBytesMax } = of.config;
  const parts: BatchParts = {
    ...of,
    clientStallMs: timeouts.clientStallMs,
    settings: { ...media.batches, lineBytesMax: answerBytesMax },
  };
  const { clientStallMs } = parts;
  const responses = keptRoutes({ ...of, keys: of.responseKeys, answerBytesMax, clientStallMs });
  return {
    routes: [
      ...fileRoutes(parts),
      ...batchRoutes(parts),
      ...messageBatchRoutes(parts),
      ...responses,
    ],
    jobs: [
      settleBatchesJob(parts),
      settleBackgroundJob({ ...of, settings: media.background, answerBytesMax }),
    ],
  };
}
