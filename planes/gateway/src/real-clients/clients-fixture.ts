import assert from 'node:assert/strict';

import { Secret } from '@sagewai/config';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';

import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import { checkAnswers, type CheckedAnswers } from '../openai-answers-fixture.ts';
import type { ProviderName } from '../providers/provider.ts';
import { playProviders } from './scripted-provider-fixture.ts';

/** The models of the tests: who provides each, and so what is translated for whom. */
export const MODELS = { gpt: 'openai', claude: 'anthropic', local: 'compatible' } as const;
export const MODEL_NAMES: readonly (keyof typeof MODELS)[] = ['gpt', 'claude', 'local'];

interface World {
  readonly gateway: RunningGateway;
  readonly upstream: FakeUpstream;
  /** Of a key that may do everything. */
  readonly key: string;
  /** Of one that may spend nothing. */
  readonly poorKey: string;
}

/** One database, one gateway and one scripted provider for all tests of a file. */
export const clientsTest = fileDatabaseTest.extend<{
  readonly world: World;
  readonly checked: CheckedAnswers;
}>({
  world: [
    async ({ db }, use) => {
      const upstream = await startFakeUpstream();
      playProviders(upstream);
      const deployments = Object.entries(MODELS).map(([model, provider]) =>
        deploymentAt(upstream.url, {
          id: model,
          model,
          endpoint: {
            provider: provider as ProviderName,
            baseUrl: upstream.url,
            credential: new Secret('sk-upstream'),
          },
        }),
      );
      const gateway = await startGateway(db, { deployments });
      const tenant = await makeTenant(db);
      const key = (await makeKey(db, tenant)).value;
      const poorKey = (await makeKey(db, tenant, { limits: { usdPerDay: 0n } })).value;
      await use({ gateway, upstream, key, poorKey });
      await gateway.close();
      await upstream.close();
    },
    { scope: 'file' },
  ],
  // Every answer that a client of OpenAI's surfaces was given is as OpenAI describes it.
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  checked: async ({}, use) => {
    const checked = checkAnswers();
    await use(checked);
    assert.deepEqual(await checked.mistakes(), []);
  },
});

/** What the provider was asked last. */
export function lastAsked(upstream: FakeUpstream): {
  readonly url: string;
  readonly body: Record<string, unknown>;
} {
  const { url = '', body } = upstream.asked.at(-1) ?? {};
  return { url, body: JSON.parse(body?.toString() ?? '{}') as Record<string, unknown> };
}
