import { ensureProject } from '@sagewai/identity';
import { type Executor, sql } from '@sagewai/postgres';
import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { changesOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { findPatterns } from '../guardrails/find-patterns.ts';
import { guardrailOf } from '../guardrails/guardrail-fixture.ts';
import { ask, curlAs, makeToken } from '../litellm/fixture.sql.ts';
import { answerJson, worldTest as test } from '../world-fixture.ts';
import { listKeeping } from './call-bodies.sql.ts';

const said = (content: string) => ({
  choices: [{ message: { role: 'assistant', content } }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
});

const storedIn = async (owner: Executor): Promise<string> =>
  JSON.stringify((await sql`select * from call_body`.execute(owner)).rows, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );

test('nothing is kept until a project says so; then both sides are, sealed, and a reading is recorded (I1, I2)', async ({
  start,
  db,
  owner,
  tenant,
  key,
  upstream,
}) => {
  upstream.answer = (request, reply) => {
    if (request.headers.accept !== 'text/event-stream') return answerJson(reply, said('an answer'));
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'a stream' } }] })}\n\n`);
    reply.end('data: [DONE]\n\n');
  };
  const gateway = await start({ deployments: [deploymentAt(upstream.url)] });
  const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
  const path = `/api/v1/projects/${tenant.projectId}/call-bodies`;
  const call = async (more: object = {}, by = key) => {
    const answer = await gateway.chat(by, { ...ask, model: 'm', ...more });
    const text = await answer.text();
    return { id: answer.headers.get('x-litellm-call-id') ?? '', text };
  };
  const read = (id: string, by = admin) => by(`POST /api/v1/call-bodies/${id}/read`);
  expect((await admin(`GET ${path}`)).body).toMatchObject({ keep_days: null, kept: 0 });
  const before = await call();
  expect((await read(before.id)).status).toBe(404);

  expect((await admin(`PUT ${path}`, { keep_days: 2 })).body).toMatchObject({ keep_days: 2 });
  const whole = await call({ messages: [{ role: 'user', content: 'what is kept?' }] });
  await expect.poll(async () => (await read(whole.id)).status).toBe(200);
  const { body } = await read(whole.id);
  expect(body).toMatchObject({ project_id: tenant.projectId, is_cut: false });
  expect(JSON.parse(body.request.text)).toMatchObject({
    messages: [{ role: 'user', content: 'what is kept?' }],
  });
  expect(body.answer).toEqual({ text: whole.text, bytes: Buffer.byteLength(whole.text) });
  expect(Date.parse(body.drop_at) - Date.parse(body.at)).toBe(2 * 86_400_000);
  const streamed = await call({ stream: true });
  await expect.poll(async () => (await read(streamed.id)).body.answer?.text).toBe(streamed.text);
  expect(streamed.text).toContain('a stream');

  const stored = await storedIn(owner);
  expect(stored).toContain(whole.id);
  expect(stored).not.toContain('what is kept?');
  expect(stored).not.toContain('an answer');
  expect(await changesOf(owner, tenant.orgId)).toEqual(
    expect.arrayContaining(['gateway.setBodyKeeping', 'gateway.readCallBody']),
  );

  // Nobody else has it, and a project that says nothing keeps nothing.
  const beside = await inTenant(db, [tenant.orgId], (tx) =>
    ensureProject(tx, { orgId: tenant.orgId, name: 'beside', actor: 'test' }),
  );
  const bound = curlAs(gateway, await makeToken(db, tenant, ['admin'], beside.id));
  const reader = curlAs(gateway, await makeToken(db, tenant, ['read']));
  const stranger = curlAs(gateway, await makeToken(db, await makeTenant(db), ['admin']));
  expect((await read(whole.id, bound)).status).toBe(404);
  expect((await bound(`GET ${path}`)).status).toBe(404);
  expect((await read(whole.id, stranger)).status).toBe(404);
  expect((await read(whole.id, reader)).status).toBe(403);
  const { value } = await makeKey(db, { orgId: tenant.orgId, projectId: beside.id });
  const other = await call({}, value);
  expect((await read(other.id)).status).toBe(404);

  // Switched off, and what there was goes: at once for readers, and then from the table.
  const off = await admin(`PUT ${path}`, { keep_days: null, drop_kept: true });
  expect(off.body).toMatchObject({ keep_days: null, kept: 0 });
  expect((await read(whole.id)).status).toBe(404);
  expect(await listKeeping(db)).toEqual([]);
  expect((await read((await call()).id)).status).toBe(404);
  await gateway.runJob('gateway.dropCallBodies');
  expect(await storedIn(owner)).toBe('[]');
});

test('what guardrails take out is in neither side; what is long is cut, and takes bounded room (I3, I4)', async ({
  start,
  db,
  tenant,
  key,
  upstream,
}) => {
  upstream.answer = (_, reply) => answerJson(reply, said('xyzzy is the word'));
  const deployments = [deploymentAt(upstream.url)];
  const find = findPatterns([{ what: 'WORD', pattern: 'sesame|xyzzy' }]);
  const gateway = await start({
    deployments,
    guardrails: [guardrailOf({ name: 'words', kind: 'regex', find })],
  });
  const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
  await admin(`PUT /api/v1/projects/${tenant.projectId}/call-bodies`, { keep_days: 1 });
  const bodyAt = async (at: typeof gateway) => {
    const messages = [{ role: 'user', content: 'open sesame' }];
    const answer = await at.chat(key, { ...ask, model: 'm', messages });
    await answer.text();
    const id = answer.headers.get('x-litellm-call-id') ?? '';
    const read = () => admin(`POST /api/v1/call-bodies/${id}/read`);
    await expect.poll(async () => (await read()).status).toBe(200);
    return (await read()).body;
  };
  const guarded = await bodyAt(gateway);
  expect(guarded.request.text).toContain('open [WORD]');
  expect(guarded.answer.text).toContain('[WORD] is the word');

  const of = { bytesMax: 20, roomBytesMax: 1024, dropEveryMs: 60_000 };
  const cut = await bodyAt(await start({ deployments, callBodies: of }));
  expect(cut).toMatchObject({ is_cut: true, request: { text: expect.stringMatching(/^.{20}$/s) } });
  expect(cut.answer.text).toHaveLength(20);
  expect(cut.answer.bytes).toBeGreaterThan(20);
  const tight = await start({ deployments, callBodies: { ...of, roomBytesMax: 25 } });
  for (let n = 0; n < 3; n++) expect((await bodyAt(tight)).answer.text).toHaveLength(20);
  const full = await bodyAt(await start({ deployments, callBodies: { ...of, roomBytesMax: 0 } }));
  expect(full).toMatchObject({ is_cut: true, answer: { text: '' } });
});
