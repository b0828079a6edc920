import type { Clock } from '@sagewai/clock';
import type { Caller } from '@sagewai/http';
import type { Log } from '@sagewai/log';

import type { ListedModel } from '../providers/list-models.ts';
import type { Deployment, Endpoint } from './deployment.ts';
import { buildModelTable, findModel, type ModelGroup, type ModelTable } from './model-table.ts';
import { priceDeployment } from './price-deployment.ts';

/** A provider whose models are what it lists, or the names that were configured. */
export interface Source {
  /** Unique among the sources. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Empty: whatever it lists. */
  readonly models: readonly string[];
}

export interface CatalogueOptions {
  /** Configured one by one. They win over what is listed under the same name. */
  readonly deployments: readonly Deployment[];
  /** Other names of models. */
  readonly aliases: ReadonlyMap<string, string>;
  /** The first that has a model serves it. */
  readonly sources: readonly Source[];
  readonly list: (endpoint: Endpoint) => Promise<readonly ListedModel[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Which models there are, now. Each replica keeps its own. */
export interface Catalogue {
  /** The model of a name; waits for the first lists when it is not known without them. `by`: who asks. */
  find(name: string, by?: Caller): ModelGroup | undefined | Promise<ModelGroup | undefined>;
  all(by?: Caller): Promise<ModelTable>;
  /** What is known at this moment. */
  known(): readonly ModelGroup[];
  /** Providers that could not be asked when they were asked last. */
  unreachable(): readonly string[];
  /** Other deployments are configured from now on. */
  replace(configured: Pick<CatalogueOptions, 'deployments' | 'aliases'>): void;
  /** Asks every provider again. One that fails keeps what it listed before. */
  refresh(): Promise<void>;
}

export function createCatalogue(options: CatalogueOptions): Catalogue {
  const { sources, clock, log, list } = options;
  let configured: Pick<CatalogueOptions, 'deployments' | 'aliases'> = options;
  const listed = new Map<string, readonly Deployment[]>();
  const failing = new Set<string>();
  const build = (): ModelTable => {
    const found = sources.flatMap(({ name }) => listed.get(name) ?? []);
    const { deployments } = configured;
    return buildModelTable([...deployments, ...firstOfEach(found, deployments)]);
  };

  const look = async (source: Source): Promise<void> => {
    const { name, endpoint, models } = source;
    try {
      const all = models.length > 0 ? models.map(unstated) : await list(endpoint);
      listed.set(
        name,
        all.map((model) => toDeployment(source, model, clock.now())),
      );
      if (failing.delete(name)) log.info('a model provider answers again', { provider: name });
    } catch (error) {
      if (failing.has(name)) return;
      failing.add(name);
      log.warn('a model provider does not list its models; it will be asked again', {
        provider: name,
        error,
      });
    }
  };
  let table = build();
  let hasLooked = sources.length === 0;
  const refresh = async (): Promise<void> => {
    await Promise.all(sources.map(look));
    hasLooked = true;
    table = build();
  };
  const firstLook = refresh();
  return {
    find: (said) => {
      const name = configured.aliases.get(said) ?? said;
      const group = findModel(table, name);
      return group !== undefined || hasLooked
        ? group
        : firstLook.then(() => findModel(table, name));
    },
    all: () => firstLook.then(() => table),
    known: () => table.groups,
    unreachable: () => [...failing],
    replace: (other) => {
      configured = other;
      table = build();
    },
    refresh,
  };
}

const unstated = (name: string): ListedModel => ({ name, stated: {} });

function toDeployment({ name, endpoint }: Source, model: ListedModel, at: Date): Deployment {
  return {
    id: `${name}/${model.name}`,
    model: model.name,
    upstreamModel: model.name,
    endpoint,
    ...priceDeployment(endpoint.provider, model.name, model.stated, at),
  };
}

/** Two providers that happen to list one name are not two deployments of one model. */
function firstOfEach(
  found: readonly Deployment[],
  configured: readonly Deployment[],
): readonly Deployment[] {
  const taken = new Set(configured.map(({ model }) => model));
  const first = new Map<string, Deployment>();
  for (const deployment of found) {
    if (!taken.has(deployment.model) && !first.has(deployment.model)) {
      first.set(deployment.model, deployment);
    }
  }
  return [...first.values()];
}
