import { inTenant } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import { decisionsOf, spendOf } from '../fixture.sql.ts';
import { deploymentAt, type FakeUpstream, makeKey } from '../gateway-fixture.ts';
import type { Deployment } from '../models/deployment.ts';
import { NO_FALLBACKS } from '../routing/fallbacks.ts';
import { answer, routingTest as test } from '../routing/routing-fixture.ts';
import { replaceModelTiers } from './model-tiers.sql.ts';

const EASY = { model: 'auto', messages: [{ role: 'user', content: 'Fix the typo' }] };
const HARD = {
  model: 'auto',
  messages: [{ role: 'user', content: `Design and review: ${'plan the audit. '.repeat(200)}` }],
};

const models = ({ url }: FakeUpstream): Deployment[] =>
  ['small', 'large'].map((model) =>
    deploymentAt(url, { id: model, model, upstreamModel: `${model}-upstream` }),
  );

const modelsAsked = ({ asked }: FakeUpstream): string[] =>
  asked.map(({ body }) => (JSON.parse(body.toString()) as { model: string }).model);

describe('a call that asks for auto', () => {
  test('gets the model of its tier, and is told why', async ({
    first,
    tenant,
    start,
    db,
    owner,
  }) => {
    first.answer = (_, reply) => answer(reply, 200);
    const gateway = await start({}, { deployments: models(first) });
    const key = await makeKey(db, tenant);
    const tiers = {
      simple: { model: 'small', pool: null },
      complex: { model: 'large', pool: null },
    };
    await inTenant(db, [tenant.orgId], (tx) => replaceModelTiers(tx, tenant, tiers));
    const easy = await gateway.chat(key.value, EASY);
    expect(easy.status).toBe(200);
    expect(Object.fromEntries(easy.headers)).toMatchObject({
      'x-litellm-model-group': 'small',
      'x-harness-model-used': 'small',
      'x-harness-model-requested': 'auto',
      'x-harness-complexity-tier': 'simple',
      'x-harness-routing-reason': expect.stringMatching(/^Score 0 -> simple \(/),
      'x-harness-confidence': '1.00',
      'x-harness-policy': 'model-tiers',
      'x-harness-budget-action': 'allow',
      'x-harness-cost-usd': easy.headers.get('x-litellm-response-cost'),
    });
    const hard = await gateway.chat(key.value, HARD);
    expect(hard.headers.get('x-harness-complexity-tier')).toBe('complex');
    expect(modelsAsked(first)).toEqual(['small-upstream', 'large-upstream']);
    expect((await spendOf(owner)).map(({ deployment }) => deployment).toSorted()).toEqual([
      'large',
      'small',
    ]);
    const plain = await gateway.chat(key.value, { ...EASY, model: 'small' });
    expect(plain.headers.get('x-harness-complexity-tier')).toBeNull();
    expect(easy.headers.get('x-sagewai-route')).toBe('small; tier=simple');
    const decisions = await decisionsOf(owner);
    expect(decisions).toMatchObject([
      { decision: { rules: ['tier:simple'], complexity: { tier: 'simple' } } },
      { decision: { rules: ['tier:complex'], complexity: { tier: 'complex' } } },
    ]);
  });

  test('gets only what its key may call, and what it asks for by name', async ({
    first,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => answer(reply, 200);
    const gateway = await start({}, { deployments: models(first) });
    const tiers = {
      simple: { model: 'gone', pool: null },
      complex: { model: 'large', pool: null },
    };
    await inTenant(db, [tenant.orgId], (tx) => replaceModelTiers(tx, tenant, tiers));
    const any = await makeKey(db, tenant);
    // The model of its tier is not there any more: the next harder one will do.
    const easy = await gateway.chat(any.value, EASY);
    expect(easy.headers.get('x-harness-model-used')).toBe('large');
    const small = await makeKey(db, tenant, { models: ['small'] });
    expect((await gateway.chat(small.value, HARD)).status).toBe(403);
    const all = { simple: { model: 'small', pool: null }, complex: { model: 'large', pool: null } };
    await inTenant(db, [tenant.orgId], (tx) => replaceModelTiers(tx, tenant, all));
    // Another replica would see it within a second; this one has not been told by the route.
    const fresh = await start({}, { deployments: models(first) });
    const large = await makeKey(db, tenant, { models: ['large'] });
    const spared = await fresh.chat(large.value, EASY);
    expect(spared.headers.get('x-harness-model-used')).toBe('large');
    const forced = { 'x-harness-force-model': 'small', authorization: `Bearer ${small.value}` };
    const asForced = await gateway.post('/v1/chat/completions', HARD, forced);
    expect(asForced.headers.get('x-harness-model-used')).toBe('small');
    expect(asForced.headers.get('x-harness-routing-reason')).toMatch(/^asked for by the caller; /);
    const forbidden = { ...forced, 'x-harness-force-model': 'large' };
    expect((await gateway.post('/v1/chat/completions', HARD, forbidden)).status).toBe(403);
  });

  test('falls back as any other call, and still says why it had come there', async ({
    first,
    second,
    tenant,
    start,
    db,
  }) => {
    first.answer = (_, reply) => answer(reply, 503);
    const gateway = await start(
      { fallbacks: { ...NO_FALLBACKS, generic: new Map([['small', ['large']]]) } },
      {
        deployments: [
          deploymentAt(first.url, { id: 'small', model: 'small' }),
          deploymentAt(second.url, { id: 'large', model: 'large' }),
        ],
      },
    );
    const tiers = { simple: { model: 'small', pool: null } };
    await inTenant(db, [tenant.orgId], (tx) => replaceModelTiers(tx, tenant, tiers));
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, EASY);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-harness-model-used')).toBe('large');
    expect(reply.headers.get('x-harness-complexity-tier')).toBe('simple');
  });

  test('is told what to do where the project has no tiers', async ({
    first,
    tenant,
    start,
    db,
  }) => {
    const gateway = await start({}, { deployments: models(first) });
    const key = await makeKey(db, tenant);
    const reply = await gateway.chat(key.value, EASY);
    expect(reply.status).toBe(404);
    expect(await reply.text()).toContain('sagewai models tiers set');
    expect(first.asked).toEqual([]);
  });
});
