import { implementOwn, implementStream, type Caller, type Route } from '@sagewai/http';
import { createChatCompletion, createMessage, listModels } from '@sagewai/wire';

import { CHAT } from './formats/chat.ts';
import { MESSAGES } from './formats/messages.ts';
import type { Forward } from './forward.ts';
import { mayCall } from './keys/may-call.ts';
import type { CallerDetail } from './keys/virtual-key.ts';
import type { Catalogue } from './models/catalogue.ts';
import type { ModelGroup } from './models/model-table.ts';
import { traitsOf } from './providers/provider.ts';

const OWN_HEAD = { hasOwnHead: true };

export function modelRoutes(of: {
  readonly forward: Forward;
  readonly catalogue: Pick<Catalogue, 'all'>;
}): Route[] {
  return [
    implementStream(createChatCompletion, (input) => of.forward(input, CHAT), OWN_HEAD),
    implementStream(createMessage, (input) => of.forward(input, MESSAGES), OWN_HEAD),

    implementOwn(listModels, async ({ caller }) => {
      const { groups } = await of.catalogue.all();
      return {
        object: 'list' as const,
        data: groups.filter((group) => isVisible(caller, group)).map(toWire),
      };
    }),
  ];
}

/** People see every model; a key or a run sees those that it may call. */
function isVisible({ kind, detail }: Caller, group: ModelGroup): boolean {
  return (kind !== 'key' && kind !== 'run') || mayCall(detail as CallerDetail, group);
}

// Providers that tell when a model was made are few, and a made-up date would be worse than none.
const UNKNOWN_INSTANT = 0;

const toWire = ({ model, deployments: [first] }: ModelGroup) => ({
  id: model,
  object: 'model' as const,
  created: UNKNOWN_INSTANT,
  owned_by: first ? traitsOf(first.endpoint.provider).ownedBy : 'sagewai',
});
