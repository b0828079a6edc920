import type { Caller } from '@sagewai/http';

import { mayCall } from '../keys/may-call.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ProviderName } from '../providers/provider.ts';

/**
 * The model that clients of a provider mean by a name: one of our list that the provider has, else the one
 * that the provider itself calls so, and that the caller may call where there are several. A name that is neither stays as it is, and is refused as any other.
 */
export async function modelAt(
  name: string,
  providers: ReadonlySet<ProviderName>,
  { catalogue, by }: { readonly catalogue: Pick<Catalogue, 'all' | 'find'>; readonly by: Caller },
): Promise<string> {
  const named = await catalogue.find(name, by);
  if (named?.deployments.some(({ endpoint }) => providers.has(endpoint.provider))) return name;
  const { groups } = await catalogue.all(by);
  const found = groups.filter(({ deployments }) =>
    deployments.some(
      ({ endpoint, upstreamModel }) => providers.has(endpoint.provider) && upstreamModel === name,
    ),
  );
  const mine = found.find((group) => mayCall(by.detail as CallerDetail, group)) ?? found[0];
  return mine?.model ?? name;
}
