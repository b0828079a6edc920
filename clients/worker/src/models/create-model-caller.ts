import type { SagewaiClient, Send } from '@sagewai/sdk';

import type { Lease } from '../lease.ts';
import type { ProviderCredentials } from '../worker-options.ts';
import { callProvider } from './call-provider.ts';
import { chooseRoute } from './choose-route.ts';
import type { ModelAnswer, ModelCaller } from './model-call.ts';
import { postChat } from './post-chat.ts';
import { repeat } from './repeat.ts';

export interface ModelCallerOptions {
  readonly client: SagewaiClient;
  readonly send: Send;
  readonly sendToProvider: Send;
  readonly lease: Lease;
  readonly credentials: ProviderCredentials;
  readonly signal: AbortSignal;
}

/**
 * Model calls of one run. Through the gateway they carry the run's token, and the gateway keeps the
 * budget. With the worker's own credential the budget is reserved before and settled after, under the
 * lease, and marked as declared by the worker.
 */
export function createModelCaller(options: ModelCallerOptions): ModelCaller {
  const { client, send, lease, credentials, signal } = options;
  const gateway = { baseUrl: `${client.url}/v1`, apiKey: lease.runToken };
  return (request) => {
    const route = chooseRoute(request.model, credentials);
    const once = (): Promise<ModelAnswer> =>
      route.kind === 'gateway'
        ? postChat(gateway, request, { send, signal })
        : callProvider(options, request, route);
    return repeat(once, signal);
  };
}
