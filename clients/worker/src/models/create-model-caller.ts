import type { SagewaiClient, Send } from '@sagewai/sdk';

import type { Redact } from '../credentials/redact.ts';
import { currentCredentials } from '../credentials/run-scope.ts';
import type { Lease } from '../lease.ts';
import type { ProviderCredentials } from '../worker-options.ts';
import { RunFailed } from '../workflows/workflow.ts';
import { callProvider } from './call-provider.ts';
import { chooseRoute } from './choose-route.ts';
import type { ModelAnswer, ModelCaller } from './model-call.ts';
import { overrideModel } from './override-model.ts';
import { postChat } from './post-chat.ts';
import { providersOf } from './providers-of.ts';
import { repeat } from './repeat.ts';

export interface ModelCallerOptions {
  readonly client: SagewaiClient;
  readonly send: Send;
  readonly sendToProvider: Send;
  readonly lease: Lease;
  readonly credentials: ProviderCredentials;
  readonly signal: AbortSignal;
  /** Applied to whatever a provider says of a failure, before it is shortened. */
  readonly redact: Redact;
  /** The server is not to see what is asked: its gateway is not called. */
  readonly isSealed?: boolean;
}

/**
 * Model calls of one run. Through the gateway they carry the run's token, and the gateway keeps the
 * budget. With the worker's own credential the budget is reserved before and settled after, under the
 * lease, and marked as declared by the worker.
 *
 * What the run's credentials override is decided here, so that what is reserved, booked and priced is
 * the model that is really called. Through the gateway an override widens nothing: the run's token is
 * for the run's model, and another one is refused there.
 */
export function createModelCaller(options: ModelCallerOptions): ModelCaller {
  const { client, lease, credentials, signal } = options;
  const gateway = { baseUrl: `${client.url}/v1`, apiKey: lease.runToken, timeoutMs: null };
  return (asked) => {
    const { model_overrides: models = {}, inference_overrides: inference } = currentCredentials();
    const { isExplicit = false } = asked;
    const model = overrideModel({ model: asked.model, isExplicit }, models);
    const request = { ...asked, model };
    const route = chooseRoute(model, providersOf(credentials, currentCredentials()), inference);
    if (route.kind === 'gateway' && options.isSealed === true) {
      const why = `a call of ${model} through the gateway would show it to the server`;
      const advice = 'the worker needs a credential of its own for it';
      return Promise.reject(new RunFailed(`the payload is sealed, and ${why}: ${advice}`));
    }
    const once = (): Promise<ModelAnswer> =>
      route.kind === 'gateway'
        ? postChat(gateway, request, options)
        : callProvider(options, request, route);
    return repeat(once, signal);
  };
}
