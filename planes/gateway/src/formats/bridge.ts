import type { Deployment } from '../models/deployment.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { PROVIDERS, type ProviderName, traitsOf } from '../providers/provider.ts';
import { CHAT } from './chat.ts';
import type { Format, FormatName } from './format.ts';
import { MESSAGES } from './messages.ts';

const FORMATS: Readonly<Record<FormatName, Format>> = { chat: CHAT, messages: MESSAGES };

/** How a client's format reaches a provider. */
export interface Bridge {
  /** What is spoken to the provider; the client's own wherever the provider knows it (M5). */
  readonly upstream: Format;
}

const BRIDGES = new Map<string, Bridge>();
for (const provider of Object.keys(PROVIDERS) as ProviderName[]) {
  for (const name of traitsOf(provider).formats) {
    BRIDGES.set(`${name} ${provider}`, { upstream: FORMATS[name] });
  }
}

/** `undefined` where nothing leads from the one to the other. */
export function bridgeTo({ endpoint }: Deployment, client: FormatName): Bridge | undefined {
  return BRIDGES.get(`${client} ${endpoint.provider}`);
}

const reachable = new WeakMap<ModelGroup, Partial<Record<FormatName, ModelGroup>>>();

/** The deployments of a model that a client of a format can be served by; found out once a group. */
export function servingOf(group: ModelGroup, client: FormatName): ModelGroup {
  let known = reachable.get(group);
  if (known === undefined) reachable.set(group, (known = {}));
  return (known[client] ??= narrow(group, client));
}

function narrow(group: ModelGroup, client: FormatName): ModelGroup {
  const deployments = group.deployments.filter((each) => bridgeTo(each, client) !== undefined);
  return deployments.length === group.deployments.length ? group : { ...group, deployments };
}
