import {
  type Caller,
  implementOwn,
  implementStream,
  type Route,
  type StreamInput,
} from '@sagewai/http';
import {
  countMessageTokens,
  createChatCompletion,
  createMessage,
  getModel,
  listModels,
} from '@sagewai/wire';

import { noSuchModel } from './calls/find-allowed.ts';
import type { Forward } from './calls/forward.ts';
import { chatOrMixed } from './formats/chat-or-mixed.ts';
import { MESSAGES } from './formats/messages.ts';
import { mayCall } from './keys/may-call.ts';
import type { CallerDetail } from './keys/virtual-key.ts';
import type { Catalogue } from './models/catalogue.ts';
import type { ModelGroup } from './models/model-table.ts';
import {
  asksAsAnthropic,
  toAnthropicModel,
  toAnthropicPage,
  toOpenAiModel,
} from './models/show-models.ts';

const OWN_HEAD = { hasOwnHead: true };

export function modelRoutes(of: {
  readonly forward: Forward;
  readonly countTokens: (input: StreamInput) => Promise<void>;
  readonly catalogue: Pick<Catalogue, 'all' | 'find' | 'known' | 'unreachable'>;
}): Route[] {
  const { catalogue } = of;
  return [
    implementStream(
      createChatCompletion,
      (input) => of.forward(input, chatOrMixed(input.body)),
      OWN_HEAD,
    ),
    implementStream(createMessage, (input) => of.forward(input, MESSAGES), OWN_HEAD),
    implementStream(countMessageTokens, of.countTokens, OWN_HEAD),

    implementOwn(listModels, async ({ caller, query, request }) => {
      const { groups } = await catalogue.all(caller);
      const shown = groups.filter((group) => isVisible(caller, group));
      return asksAsAnthropic(request.headers)
        ? toAnthropicPage(shown, query)
        : { object: 'list' as const, data: shown.map(toOpenAiModel) };
    }),

    implementOwn(getModel, async ({ caller, params, request }) => {
      const group = await catalogue.find(params.model_id, caller);
      // One that it may not call is not shown either.
      if (group === undefined || !isVisible(caller, group)) {
        throw noSuchModel(params.model_id, catalogue, (one) => isVisible(caller, one));
      }
      return asksAsAnthropic(request.headers) ? toAnthropicModel(group) : toOpenAiModel(group);
    }),
  ];
}

/** People see every model; a key or a run sees those that it may call. */
export function isVisible({ kind, detail }: Caller, group: ModelGroup): boolean {
  if (kind !== 'key' && kind !== 'run') return true;
  return group.deployments.length > 0 && mayCall(detail as CallerDetail, group);
}
