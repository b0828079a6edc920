import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import { describe, expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import type { ListedModel } from '../providers/list-models.ts';
import { createCatalogue, type Source } from './catalogue.ts';
import type { Deployment } from './deployment.ts';

const source = (name: string, models: string[] = []): Source => ({
  name,
  endpoint: { provider: 'ollama', baseUrl: `http://${name}/v1`, credential: null },
  models,
});

/** Providers that list what the test says, and `undefined` for one that is away. */
function catalogueOf(
  lists: Record<string, string[] | undefined>,
  deployments: Deployment[] = [],
  sources = Object.keys(lists).map((name) => source(name)),
) {
  const warned: string[] = [];
  const catalogue = createCatalogue({
    deployments,
    aliases: new Map([['alias', 'llama']]),
    sources,
    clock: systemClock,
    log: { ...silentLog, warn: (message) => void warned.push(message) },
    list: async ({ baseUrl }): Promise<ListedModel[]> => {
      const list = lists[new URL(baseUrl).host];
      if (list === undefined) throw new Error('away');
      return list.map((name) => ({ name, stated: {} }));
    },
  });
  return { catalogue, lists, warned };
}

const ids = async ({ catalogue }: ReturnType<typeof catalogueOf>): Promise<string[]> =>
  (await catalogue.all()).groups.flatMap(({ deployments }) => deployments.map(({ id }) => id));

describe('the models', () => {
  test('are waited for at the first question', async () => {
    const { catalogue } = catalogueOf({ gpu: ['llama'] });
    const found = catalogue.find('ollama/Llama');
    expect(found).toBeInstanceOf(Promise);
    expect((await found)?.model).toBe('llama');
    expect(await catalogue.find('alias')).toMatchObject({ model: 'llama' });
    expect(catalogue.find('nope')).toBeUndefined();
  });

  test('are those that are configured, then those of the first provider that has them', async () => {
    const configured = deploymentAt('http://x/v1', { model: 'a', id: 'mine' });
    const all = catalogueOf({ one: ['a', 'b'], two: ['b', 'c'] }, [configured]);
    expect(await ids(all)).toEqual(['mine', 'one/b', 'two/c']);
  });

  test('of a provider that goes away stay, and one that comes back is looked at again', async () => {
    const all = catalogueOf({ one: ['a'], two: undefined });
    expect(await ids(all)).toEqual(['one/a']);
    expect(all.catalogue.unreachable()).toEqual(['two']);
    all.lists['one'] = undefined;
    all.lists['two'] = ['b'];
    await all.catalogue.refresh();
    await all.catalogue.refresh();
    expect(await ids(all)).toEqual(['one/a', 'two/b']);
    expect(all.warned).toHaveLength(2);
  });

  test('that are named in the configuration are not asked for', async () => {
    const all = catalogueOf({}, [], [source('gpu', ['mine'])]);
    expect(await ids(all)).toEqual(['gpu/mine']);
  });
});
