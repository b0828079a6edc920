/** What every request has that was translated to a chat. */
import type { JsonObject, ResponsesRequestOptions } from '@sagewai/translate';

import type { ChatCapField } from '../bytes/rewrite-request.ts';
import type { Deployment } from '../models/deployment.ts';
import { traitsOf } from '../providers/provider.ts';

/** How requests of Responses are said to a deployment. */
export function translationFor({ endpoint }: Deployment): ResponsesRequestOptions {
  const { cap, keepsThinking } = traitsOf(endpoint.provider);
  return {
    maxTokensField: cap,
    keepsThinking,
    customTools: endpoint.provider.startsWith('openai') ? 'keep' : 'function',
  };
}

/**
 * The body as it is sent: to the provider's own model, with the usage of its stream (M3), and with a cap
 * where less was granted than it would write (M1).
 */
export function askingChat(
  body: JsonObject,
  of: {
    readonly deployment: Deployment;
    readonly field: ChatCapField;
    readonly outputCap: number | undefined;
  },
): JsonObject {
  const asking = body['stream'] === true ? { stream_options: { include_usage: true } } : {};
  const capped = of.outputCap === undefined ? {} : { [of.field]: of.outputCap };
  return { ...body, ...capped, ...asking, model: of.deployment.upstreamModel };
}
