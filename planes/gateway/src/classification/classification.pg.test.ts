import { expect } from 'vitest';

import { decisionsOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, startFakeUpstream } from '../gateway-fixture.ts';
import { curlAs, makeToken } from '../litellm/fixture.sql.ts';
import { answerJson, worldTest as test } from '../world-fixture.ts';

const ASK = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
const ANSWER = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
};

test('data goes only where it may: by the call, by its key, and never into what is kept', async ({
  upstream,
  tenant,
  key,
  db,
  owner,
  start,
}) => {
  const inside = await startFakeUpstream();
  try {
    for (const each of [upstream, inside]) each.answer = (_, reply) => answerJson(reply, ANSWER);
    const gateway = await start({
      deployments: [
        deploymentAt(upstream.url, { id: 'outside', classificationMax: 'internal' }),
        deploymentAt(inside.url, { id: 'inside' }),
        deploymentAt(upstream.url, { id: 'open', model: 'open', classificationMax: 'public' }),
      ],
      cache: { when: 'always', ttlMs: 60_000, bytesMax: 1024 * 1024 },
    });
    const ask = (value: string, level?: string, body: object = ASK): Promise<Response> =>
      gateway.post('/v1/chat/completions', body, {
        authorization: `Bearer ${value}`,
        ...(level === undefined ? {} : { 'x-data-classification': level }),
      });
    const servedBy = async (reply: Promise<Response>): Promise<(string | null)[]> => {
      const { headers } = await reply;
      return [headers.get('x-litellm-model-id'), headers.get('x-sagewai-cache')];
    };
    for (let i = 0; i < 3; i++) {
      // Restricted data is not kept, and nothing that was kept is told for it.
      expect(await servedBy(ask(key, 'restricted'))).toEqual(['inside', null]);
    }
    expect(await servedBy(ask(key, 'confidential'))).toEqual(['inside', 'miss']);
    expect(await servedBy(ask(key, 'confidential'))).toEqual(['inside', 'hit']);
    expect((await ask(key, 'secret')).status).toBe(400);
    const refused = await ask(key, 'internal', { ...ASK, model: 'open' });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('max_data_classification');
    expect((await ask(key, undefined, { ...ASK, model: 'open' })).status).toBe(200);
    const metadata = { data_classification: 'restricted' };
    const bound = (await makeKey(db, tenant, { metadata })).value;
    expect(await servedBy(ask(bound, 'public'))).toEqual(['inside', null]);
    expect(inside.asked).toHaveLength(5);
    // No key takes back what its team says, of this or of what may be kept.
    const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    const keyBelow = async (ofTeam: object): Promise<string> => {
      const team = await admin('POST /team/new', { metadata: ofTeam });
      const { body } = await admin('POST /key/generate', {
        team_id: team.body.team_id,
        metadata: { data_classification: 'public', cache: true },
      });
      return body.key as string;
    };
    const below = await keyBelow({ data_classification: 'confidential' });
    expect(await servedBy(ask(below))).toEqual(['inside', 'hit']);
    const unkept = await keyBelow({ data_classification: 'confidential', cache: false });
    expect(await servedBy(ask(unkept))).toEqual(['inside', null]);
    const decisions = await decisionsOf(owner);
    expect(decisions.map(({ decision }) => decision)).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ data_classification: 'restricted' })),
      { data_classification: 'confidential', rules: [] },
      { data_classification: 'confidential', rules: ['cache'] },
      { data_classification: 'restricted' },
      { data_classification: 'confidential', rules: ['cache'] },
      { data_classification: 'confidential' },
    ]);
  } finally {
    await inside.close();
  }
});
