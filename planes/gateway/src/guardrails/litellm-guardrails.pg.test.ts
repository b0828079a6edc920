import { describe, expect } from 'vitest';

import { ask, curlAs, litellmTest as test, makeToken } from '../litellm/fixture.sql.ts';

const tickets = {
  guardrail_name: 'tickets',
  litellm_params: {
    guardrail: 'regex',
    mode: 'pre_call',
    default_on: true,
    patterns: [{ name: 'TICKET', pattern: 'ACME-[0-9]{4}' }],
  },
  guardrail_info: { description: 'Ours' },
};

describe('a guardrail in LiteLLM’s words', () => {
  test('is made, said anew and deleted, and holds for every call meanwhile', async ({
    curl,
    gateway,
  }) => {
    const { body: key } = await curl('POST /key/generate', {});
    const say = async (content: string) =>
      (await gateway.chat(key.key, { ...ask, messages: [{ role: 'user', content }] })).status;
    const made = await curl('POST /guardrails', { guardrail: tickets });
    expect(made).toMatchObject({
      status: 200,
      body: {
        guardrail_name: 'tickets',
        litellm_params: { guardrail: 'regex', mode: ['pre_call'], default_on: true },
        guardrail_definition_location: 'db',
      },
    });
    expect(await say('about ACME-1234')).toBe(400);
    const id = made.body.guardrail_id as string;
    const params = { ...tickets.litellm_params, patterns: [{ name: 'T', pattern: 'EMCA-[0-9]+' }] };
    const said = { guardrail: { ...tickets, litellm_params: params } };
    expect((await curl(`PUT /guardrails/${id}`, said)).status).toBe(200);
    expect([await say('about ACME-1234'), await say('about EMCA-1')]).toEqual([200, 400]);
    // What is left out is not as it was: it is said anew.
    const { default_on: _, ...optional } = params;
    await curl(`PUT /guardrails/${id}`, { guardrail: { ...tickets, litellm_params: optional } });
    expect(await say('about EMCA-1')).toBe(200);
    const named = { guardrail: { ...tickets, guardrail_name: 'other' } };
    expect((await curl(`PUT /guardrails/${id}`, named)).status).toBe(409);
    expect((await curl(`GET /guardrails/${id}/info`)).body).toMatchObject({
      guardrail_id: id,
      litellm_params: { default_on: false },
    });
    expect((await curl('GET /guardrails/list')).body.guardrails).toMatchObject([
      { guardrail_id: id },
    ]);
    expect((await curl(`DELETE /guardrails/${id}`)).body).toMatchObject({
      guardrail_id: id,
      guardrail_name: 'tickets',
    });
    expect((await curl(`DELETE /guardrails/${id}`)).status).toBe(404);
  });

  test('what is not done here is refused by its name, and so is whoever may not', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const withParams = (more: object) => ({
      guardrail: { ...tickets, litellm_params: { ...tickets.litellm_params, ...more } },
    });
    for (const [more, why] of [
      [{ guardrail: 'bedrock', guardrailIdentifier: 'x' }, 'guardrail is unknown; known are pii'],
      [{ guardrailIdentifier: 'x' }, 'guardrailIdentifier is not supported'],
      [{ mode: 'logging_only' }, 'mode expected pre_call'],
      [{ patterns: [{ name: 'A', pattern: '(?=a)' }] }, 'syntax of RE2'],
    ] as const) {
      const { status, body } = await curl('POST /guardrails', withParams(more));
      expect([status, body.error.message]).toEqual([400, expect.stringContaining(why)]);
    }
    const { body: key } = await curl('POST /key/generate', {});
    for (const bearer of [key.key, await makeToken(db, tenant, ['read', 'write'])]) {
      const refused = await curlAs(gateway, bearer)('POST /guardrails', { guardrail: tickets });
      expect(refused.status).toBe(403);
    }
    expect((await curl('GET /guardrails/list')).body.guardrails).toEqual([]);
  });
});

describe('parameters that a key demands', () => {
  test('are missed in no request of it, whatever the surface; other metadata leave them', async ({
    curl,
    gateway,
  }) => {
    const { body: key } = await curl('POST /key/generate', {
      enforced_params: ['user', 'metadata.purpose'],
      metadata: { a: 1 },
    });
    expect(key.metadata).toEqual({ a: 1, enforced_params: ['user', 'metadata.purpose'] });
    const as = curlAs(gateway, key.key);
    const chat = (more: object, headers = {}) =>
      as('POST /v1/chat/completions', { ...ask, ...more }, headers);
    const bare = await chat({});
    expect(bare).toMatchObject({ status: 400 });
    expect(bare.body.error.message).toContain('user is missing: this key demands it');
    const metadata = { purpose: 'test' };
    expect((await chat({ user: 'bob', metadata })).status).toBe(200);
    expect((await chat({ metadata }, { 'x-sagewai-end-user': 'bob' })).status).toBe(200);
    const messages = await as('POST /v1/messages', { ...ask, metadata: { user_id: 'bob' } });
    expect(messages.body.error.message).toContain('metadata.purpose is missing');
    await curl('POST /key/update', { key: key.key, metadata: { b: 2 } });
    expect((await chat({ user: 'bob' })).status).toBe(400);
    const lifted = await curl('POST /key/update', { key: key.key, enforced_params: null });
    expect(lifted.body.metadata).toEqual({ b: 2, enforced_params: [] });
    expect((await chat({})).status).toBe(200);
    const wrong = await curl('POST /key/update', { key: key.key, enforced_params: ['a..b'] });
    expect(wrong.status).toBe(400);
  });
});
