import type { Caller } from '@sagewai/http';

import type { Catalogue } from '../models/catalogue.ts';
import type { Deployment, Endpoint } from '../models/deployment.ts';
import { buildModelTable, findModel, type ModelTable } from '../models/model-table.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import type { Upstream } from '../providers/upstream.ts';
import type { ModelSource, SourcedModel } from './model-source.ts';
import { createSourceUpstream } from './source-upstream.ts';

const FREE = { input: 0n, output: 0n };

export interface SourcedCatalogue {
  readonly catalogue: Catalogue;
  /** Undefined: the endpoint is of no source. */
  readonly upstreamOf: (endpoint: Endpoint) => Upstream | undefined;
}

/** A catalogue in which each caller also finds the models that sources have for its organization. */
export function withSources(
  catalogue: Catalogue,
  sources: readonly ModelSource[],
): SourcedCatalogue {
  if (sources.length === 0) return { catalogue, upstreamOf: () => undefined };
  const upstreams = new WeakMap<Endpoint, Upstream>();

  const toDeployment = (source: ModelSource, model: SourcedModel, by: Caller): Deployment => {
    const { orgId, projectId } = by;
    const { name, price, outputTokensMax } = model;
    const baseUrl = `source:${source.name}`;
    const endpoint: Endpoint = { provider: 'source', baseUrl, credential: null };
    if (orgId !== null && projectId !== null) {
      const of = { model: name, orgId, projectId };
      upstreams.set(
        endpoint,
        createSourceUpstream((call) => source.answer({ ...call, ...of })),
      );
    }
    return {
      id: `${source.name}/${orgId}/${name}`,
      model: name,
      upstreamModel: name,
      endpoint,
      price: flatPrice(ratesOf(price ?? FREE)),
      outputTokensMax,
      contextTokensMax: undefined,
    };
  };

  const tableOf = async (by: Caller): Promise<ModelTable> => {
    const { orgId } = by;
    if (orgId === null) return buildModelTable([]);
    const listed = await Promise.all(
      sources.map(async (source) => {
        const models = await source.list({ orgId });
        return models.map((model) => toDeployment(source, model, by));
      }),
    );
    return buildModelTable(listed.flat());
  };

  return {
    upstreamOf: (endpoint) => upstreams.get(endpoint),
    catalogue: {
      ...catalogue,
      find: (name, by) => {
        const found = catalogue.find(name, by);
        if (by === undefined || (found !== undefined && !(found instanceof Promise))) return found;
        return Promise.resolve(found).then(
          async (group) => group ?? findModel(await tableOf(by), name),
        );
      },
      all: async (by) => {
        const table = await catalogue.all(by);
        if (by === undefined) return table;
        const { groups } = await tableOf(by);
        const own = groups.filter(({ model }) => !table.byName.has(model));
        return { ...table, groups: [...table.groups, ...own] };
      },
    },
  };
}
