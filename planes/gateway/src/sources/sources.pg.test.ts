import { setTimeout as pause } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import { makeTenant, fileDatabaseTest as test } from '@sagewai/testing';
import OpenAI from 'openai';
import { expect, onTestFinished } from 'vitest';

import { wholeSpendOf } from '../fixture.sql.ts';
import { makeKey, type RunningGateway, startGateway } from '../gateway-fixture.ts';
import { checkAnswers } from '../openai-answers-fixture.ts';
import type { ModelSource, SourceCall } from './model-source.ts';

const AGENT = 'agents/researcher';

/** An agent of one organization. */
function agentsOf(orgId: string): ModelSource & { readonly asked: SourceCall[] } {
  const asked: SourceCall[] = [];
  return {
    name: 'agents',
    asked,
    list: async (of) =>
      of.orgId === orgId
        ? [
            { name: AGENT, price: { input: 1_000n, output: 10_000n }, outputTokensMax: 500 },
            { name: 'simulated', price: null, outputTokensMax: 500 },
            { name: 'agents/free', price: null, outputTokensMax: 500 },
          ]
        : [],
    answer: async function* (call) {
      asked.push(call);
      const question = JSON.stringify(call.chat['messages']);
      if (question.includes('break')) throw new Error('a secret of the agent');
      for (const text of ['I looked ', 'it up', '.']) yield { kind: 'text', text };
      if (question.includes('forever')) {
        await pause(60_000, undefined, { signal: call.signal }).catch(() => {});
        return;
      }
      if (question.includes('forget')) return;
      yield { kind: 'end', finishReason: 'stop', usage: { input: 200, output: 40 } };
    },
  };
}

const COST = 200n * 1_000n + 40n * 10_000n;

async function startWith(
  db: Parameters<typeof startGateway>[0],
  models?: readonly string[],
): Promise<{
  gateway: RunningGateway;
  source: ReturnType<typeof agentsOf>;
  key: string;
  tenant: Awaited<ReturnType<typeof makeTenant>>;
}> {
  const tenant = await makeTenant(db);
  const source = agentsOf(tenant.orgId);
  const gateway = await startGateway(db, { modelSources: [source] });
  onTestFinished(() => gateway.close());
  return {
    gateway,
    source,
    tenant,
    key: (await makeKey(db, tenant, models ? { models } : {})).value,
  };
}

const messages = [{ role: 'user' as const, content: 'Look it up.' }];

test('a source answers clients of every format, and its calls are booked at its price (M2, M3)', async ({
  db,
  owner,
}) => {
  const { gateway, source, key, tenant } = await startWith(db);
  const { fetch, mistakes } = checkAnswers();
  const client = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0, fetch });
  const names = (await client.models.list()).data.map(({ id, owned_by }) => `${id} ${owned_by}`);
  expect(names).toContain(`${AGENT} sagewai`);
  expect(names).toContain('simulated simulated');
  expect(names.filter((name) => name.startsWith('simulated '))).toHaveLength(1);
  expect(await client.models.retrieve(AGENT)).toMatchObject({ id: AGENT });

  const ask = { model: AGENT, messages };
  const whole = await client.chat.completions.create(ask);
  expect(whole.choices[0]?.message.content).toBe('I looked it up.');
  expect(whole.usage).toMatchObject({ prompt_tokens: 200, completion_tokens: 40 });
  expect(source.asked[0]).toMatchObject({
    model: AGENT,
    orgId: tenant.orgId,
    projectId: tenant.projectId,
    chat: { messages },
  });
  const stream = client.chat.completions.stream(ask);
  expect(await stream.finalContent()).toBe('I looked it up.');
  const responded = client.responses.stream({ model: AGENT, input: 'Look it up.' });
  expect((await responded.finalResponse()).output_text).toBe('I looked it up.');
  const anthropic = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
  const message = await anthropic.messages.create({ ...ask, max_tokens: 50 });
  expect(message.content).toMatchObject([{ text: 'I looked it up.' }]);
  expect((await anthropic.messages.countTokens(ask)).input_tokens).toBeGreaterThan(2);
  expect(await mistakes()).toEqual([]);

  await client.chat.completions.create({ ...ask, model: 'agents/free' });
  const rows = await wholeSpendOf(owner);
  expect(rows.map(({ cost, source: told }) => [cost, told])).toEqual([
    [COST, 'provider'],
    [COST, 'provider'],
    [COST, 'provider'],
    [COST, 'provider'],
    [0n, 'provider'],
  ]);
  // What a provider has is the provider's.
  const simulated = await client.chat.completions.create({ ...ask, model: 'simulated' });
  expect(simulated.choices[0]?.message.content).toContain('[simulated]');
});

test('its models are those of their organization, and of keys that may call them', async ({
  db,
}) => {
  const { gateway, source } = await startWith(db);
  const stranger = (await makeKey(db, await makeTenant(db))).value;
  expect((await gateway.chat(stranger, { model: AGENT, messages })).status).toBe(404);
  const theirs = await fetch(`${gateway.url}/v1/models`, {
    headers: { authorization: `Bearer ${stranger}` },
  });
  expect(await theirs.text()).not.toContain('agents/');
  const narrow = await startWith(db, ['simulated']);
  expect((await narrow.gateway.chat(narrow.key, { model: AGENT, messages })).status).toBe(403);
  const poor = (await makeKey(db, narrow.tenant, { limits: { usdPerDay: 1n } })).value;
  expect((await narrow.gateway.chat(poor, { model: AGENT, messages })).status).toBe(429);
  expect(source.asked).toEqual([]);
  expect(narrow.source.asked).toEqual([]);
});

test('a source that breaks is asked once, its words are not told, and what was said is booked (R4, M3)', async ({
  db,
  owner,
}) => {
  const before = (await wholeSpendOf(owner)).length;
  const { gateway, source, key } = await startWith(db);
  const ask = (content: string, more: object = {}, signal?: AbortSignal) =>
    gateway.chat(key, { model: AGENT, messages: [{ role: 'user', content }], ...more }, signal);
  const broken = await ask('break');
  expect([broken.status, await broken.text()]).toEqual([
    502,
    expect.not.stringContaining('secret'),
  ]);
  expect((await ask('forget')).status).toBe(502);
  const forgotten = await (await ask('forget', { stream: true })).text();
  expect(forgotten).toContain('I looked ');
  expect(forgotten).toContain('"error"');
  expect(source.asked).toHaveLength(3);

  const leaving = new AbortController();
  const left = await ask('forever', { stream: true }, leaving.signal);
  await left.body?.getReader().read();
  leaving.abort();
  await expect.poll(() => source.asked.at(-1)?.signal.aborted, { timeout: 5_000 }).toBe(true);
  await expect
    .poll(async () => (await wholeSpendOf(owner)).slice(before).map(({ status }) => status), {
      timeout: 5_000,
    })
    .toEqual(['error', 'error', 'error', 'aborted']);
});
