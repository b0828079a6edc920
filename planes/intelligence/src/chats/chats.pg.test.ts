import { ensureProject } from '@sagewai/identity';
import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { said, tellJson, tellStream } from '../intelligence-fixture.ts';
import { intelligenceTest as test } from '../intelligence-test.ts';
import { dropIdleChats, listChatRows, listDialogs } from './chats.sql.ts';

const turn = (role: string, content: string) => ({ role, content });

test('a call of a chat is reminded of what was said, has its id, and nothing of it reaches the provider', async ({
  replica,
  provider,
}) => {
  const key = await replica.key();
  const { body: chat } = await replica.call('POST /sessions', 'admin', { title: 'x'.repeat(70) });
  expect(chat).toMatchObject({ messages: [], metadata: { title: 'x'.repeat(60) } });
  const of = { session_id: chat.id };
  provider.answer = (_, reply) => tellJson(reply, said('Ada it is'));
  expect((await replica.chat(key, 'I am Ada', of)).body.id).toBe(`chatcmpl-${chat.id}`);
  const system = turn('system', 'be brief');
  await replica.call('POST /v1/chat/completions', key, {
    model: 'm',
    messages: [system, turn('user', 'who am I?')],
    temperature: 0.5,
    ...of,
  });
  const [first, second] = provider.asked;
  expect(first?.body).not.toHaveProperty('session_id');
  // C5. Between the system's words and the question, as what they were.
  expect(second?.body).toMatchObject({
    temperature: 0.5,
    messages: [
      system,
      turn('user', 'I am Ada'),
      turn('assistant', 'Ada it is'),
      turn('user', 'who am I?'),
    ],
  });
  const { body: shown } = await replica.call(`GET /sessions/${chat.id}`, key);
  expect(shown.messages).toHaveLength(4);
  expect(shown.messages[0]).toMatchObject({ role: 'user', content: 'I am Ada', metadata: {} });
});

test('a studio finds chats, memory and completions at its own paths', async ({ replica }) => {
  const key = await replica.key();
  const { body: chat } = await replica.call('POST /api/chat/sessions', key, { title: 'Studio' });
  const body = { model: 'm', messages: [turn('user', 'hi')], session_id: chat.id };
  const answer = await replica.call('POST /api/chat/v1/chat/completions', key, body);
  expect(answer.body.id).toBe(`chatcmpl-${chat.id}`);
  const shown = await replica.call(`GET /api/chat/sessions/${chat.id}`, key);
  expect(shown.body.messages).toHaveLength(2);
  expect((await replica.call('GET /api/studio/memory/config', key)).body.max_dialogs).toBe(10);
  expect((await replica.call('GET /api/chat/memory/stats', key)).body.total_sessions).toBe(1);
});

test('who sends what was said before is not reminded of it twice', async ({
  replica,
  provider,
}) => {
  const key = await replica.key();
  provider.answer = (_, reply) => tellJson(reply, said('hello'));
  await replica.chat(key, 'hi', { session_id: 'own.name' });
  const messages = [turn('user', 'hi'), turn('assistant', 'hello'), turn('user', 'and now?')];
  await replica.call('POST /v1/chat/completions', key, {
    model: 'm',
    messages,
    session_id: 'own.name',
  });
  expect(provider.asked.at(-1)?.body.messages).toEqual(messages);
});

test('a stream tells its steps, has the id, and is remembered before its last byte (C3)', async ({
  replica,
  provider,
  db,
  tenant,
}) => {
  const key = await replica.key();
  provider.answer = (_, reply) => tellStream(reply, ['two ', 'pieces ü']);
  const body = { model: 'm', messages: [turn('user', 'go on')], stream: true, session_id: 's' };
  const { text } = await replica.send('POST /v1/chat/completions', key, body);
  const events = text.split('\n\n').filter((event) => event !== '');
  expect(events.at(-1)).toBe('data: [DONE]');
  const told = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)));
  expect(told.map(({ type }) => type).filter(Boolean)).toEqual([
    'reasoning_step',
    'reasoning_step_update',
    'reasoning_end',
  ]);
  expect(told[0]).toMatchObject({ choices: [], step: { type: 'retrieval', status: 'running' } });
  expect(new Set(told.map(({ id }) => id))).toEqual(new Set(['chatcmpl-s']));
  const content = told.map(({ choices }) => choices[0]?.delta?.content ?? '').join('');
  expect(content).toBe('two pieces ü');
  // Read at once, without waiting.
  const { body: shown } = await replica.call('GET /sessions/s', key);
  expect(shown.messages.at(-1)).toMatchObject({ role: 'assistant', content: 'two pieces ü' });
  const quiet = await replica.send('POST /v1/chat/completions', key, {
    ...body,
    reasoning_steps: false,
  });
  expect(quiet.text).not.toContain('reasoning');
  expect(provider.asked.at(-1)?.body).not.toHaveProperty('reasoning_steps');

  // C4.
  const stored = await inTenant(db, [tenant.orgId], (tx) =>
    sql<{ sealed: string }>`select sealed from chat_dialog`.execute(tx),
  );
  expect(stored.rows).toHaveLength(2);
  expect(JSON.stringify(stored.rows)).not.toContain('pieces');
});

test('what was refused or broke off is not remembered (C2)', async ({ replica, provider }) => {
  const key = await replica.key();
  provider.answer = (_, reply) => tellJson(reply, { error: { message: 'no' } }, 400);
  expect((await replica.chat(key, 'one', { session_id: 'c2' })).status).toBe(400);
  provider.answer = (_, reply) => tellStream(reply, ['half'], { isWhole: false });
  const { text } = await replica.send('POST /v1/chat/completions', key, {
    model: 'm',
    messages: [turn('user', 'two')],
    stream: true,
    session_id: 'c2',
  });
  expect(text).toContain('half');
  expect((await replica.call('GET /sessions/c2', key)).status).toBe(404);
});

test('an id that no chat has, and a call that asks nothing, are the caller’s mistakes', async ({
  replica,
}) => {
  const key = await replica.key();
  const wrong = await replica.chat(key, 'hi', { session_id: 'a b' });
  expect([wrong.status, wrong.body.error.message]).toEqual([
    400,
    expect.stringContaining('body/session_id'),
  ]);
  const silent = await replica.call('POST /v1/chat/completions', key, {
    model: 'm',
    messages: [turn('system', 'x')],
    session_id: 's',
  });
  expect(silent.body.error.message).toContain('a text of the user');
});

test('chats are of one project of one organization, and of no one who only reads (C1)', async ({
  replica,
  replicaWith,
  db,
  tenant,
}) => {
  const key = await replica.key();
  await replica.chat(key, 'mine', { session_id: 'shared-name' });
  const { orgId } = tenant;
  const { id: projectId } = await inTenant(db, [orgId], (tx) =>
    ensureProject(tx, { orgId, name: 'beside', actor: 'test' }),
  );
  const beside = replicaWith({}, { ...tenant, projectId });
  expect((await beside.call('GET /sessions/shared-name', await beside.key())).status).toBe(404);
  expect((await beside.call('GET /sessions', 'admin')).body.sessions).toEqual([]);
  const other = replicaWith({}, await makeTenant(db));
  expect((await other.call('GET /sessions/shared-name', 'admin')).status).toBe(404);
  const theirs = await other.key();
  await other.chat(theirs, 'yours', { session_id: 'shared-name' });
  const { body } = await other.call('GET /sessions/shared-name', theirs);
  expect(body.messages[0].content).toBe('yours');
  expect((await replica.call('GET /sessions', 'read')).status).toBe(403);
});

test('chats are listed, retitled, cleared, deleted and cleaned up', async ({
  replica,
  db,
  tenant,
}) => {
  const key = await replica.key();
  await replica.chat(key, 'one', { session_id: 'a' });
  await replica.chat(key, 'two', { session_id: 'b' });
  const listed = await replica.call('GET /sessions', key);
  expect(listed.body).toMatchObject({
    sessions: [
      { id: 'b', title: 'New Chat', message_count: 2 },
      { id: 'a', message_count: 2 },
    ],
    stats: { total_sessions: 2, total_messages: 4 },
  });
  expect(
    (await replica.call('PATCH /api/sessions/a/title', key, { title: ' Named ' })).body,
  ).toEqual({ status: 'updated', session_id: 'a', title: 'Named' });
  expect((await replica.call('POST /sessions/a/clear', key)).body).toEqual({
    status: 'cleared',
    session_id: 'a',
  });
  expect((await replica.call('GET /sessions/a', key)).body.messages).toEqual([]);
  // Numbers go on after what was forgotten.
  expect((await replica.chat(key, 'three', { session_id: 'a' })).status).toBe(200);
  expect((await replica.call('DELETE /sessions/b', key)).body.status).toBe('deleted');
  expect((await replica.call('DELETE /sessions/b', key)).body.detail).toBe('Session not found');
  const kept = await replica.call('POST /sessions/cleanup', key);
  expect(kept.body).toEqual({ status: 'cleaned', removed_sessions: 0 });
  await inTenant(db, [tenant.orgId], (tx) =>
    sql`update chat_session set active_at = app_now() - interval '31 minutes'`.execute(tx),
  );
  expect((await replica.call('POST /sessions/cleanup', key)).body.removed_sessions).toBe(1);
});

test('only so many dialogs of a chat are kept, and chats in which nothing is said go', async ({
  replicaWith,
  db,
  tenant,
}) => {
  const replica = replicaWith({ dialogsKeptMax: 2 });
  const key = await replica.key();
  for (const text of ['1', '2', '3']) await replica.chat(key, text, { session_id: 'long' });
  const { body } = await replica.call('GET /sessions/long', key);
  expect(body.messages.map(({ content }: { content: string }) => content)).toEqual([
    '2',
    'ok',
    '3',
    'ok',
  ]);
  // Of those, no more than a process may hold; the last one whatever its size.
  const { orgId, projectId } = tenant;
  await inTenant(db, [orgId], async (tx) => {
    const some = (bytesMax: number) =>
      listDialogs(tx, { orgId, projectId }, { id: 'long', limit: 10, bytesMax });
    const [older, last] = await some(1_000_000);
    const bytes = (last?.sealed ?? '').length;
    expect((await some(bytes + 1)).map(({ id }) => id)).toEqual([older?.id, last?.id]);
    expect((await some(bytes)).map(({ id }) => id)).toEqual([last?.id]);
  });
  await inTenant(db, [orgId], async (tx) => {
    expect(await dropIdleChats(tx, orgId, { idleMs: 60_000, limit: 10 })).toBe(0);
    await sql`update chat_session set active_at = app_now() - interval '1 hour'`.execute(tx);
  });
  const sweep = replica.intelligence.jobs.find(({ name }) => name.endsWith('dropIdleChats'));
  await sweep?.run(new AbortController().signal);
  await inTenant(db, [orgId], async (tx) => {
    expect(await listChatRows(tx, { orgId, projectId }, 10)).toHaveLength(1);
    expect(await dropIdleChats(tx, orgId, { idleMs: 60_000, limit: 10 })).toBe(1);
  });
});

test('each chat remembers in its own way; a model’s vectors are the caller’s calls', async ({
  replicaWith,
  provider,
}) => {
  const replica = replicaWith({ embeddingModel: 'e', topK: 1 });
  const key = await replica.key();
  provider.answer = ({ path, body }, reply) => {
    if (!path.endsWith('/embeddings')) return tellJson(reply, said('ok'));
    const data = (body.input ?? []).map((text, index) => ({
      index,
      embedding: /pet|animal/.test(text) ? [1, 0] : [0, 1],
    }));
    return tellJson(reply, { data, usage: { prompt_tokens: 1, total_tokens: 1 } });
  };
  const begin = async (memory: string): Promise<string> =>
    (await replica.call('POST /sessions', key, { memory })).body.id;
  const remindedOf = async (id: string, question: string): Promise<string[]> => {
    await replica.chat(key, question, { session_id: id });
    const asked = provider.asked.findLast(({ path }) => path.endsWith('/chat/completions'));
    return (asked?.body.messages ?? []).map(({ content }) => content);
  };
  const tell = async (id: string): Promise<void> => {
    for (const text of ['my pet is a ferret', 'the rent is due', 'hello', 'thanks']) {
      await replica.chat(key, text, { session_id: id });
    }
  };
  const [vdb, kv] = [await begin('vdb'), await begin('kv')];
  await tell(vdb);
  await tell(kv);
  expect(await remindedOf(vdb, 'which animal?')).toContain('my pet is a ferret');
  expect(await remindedOf(kv, 'which animal?')).not.toContain('my pet is a ferret');
  expect(await remindedOf(kv, 'when is the rent due?')).toContain('the rent is due');

  const { body: config } = await replica.call('GET /memory/config', key);
  expect(config).toMatchObject({ backend: 'short_term', max_dialogs: 10 });
  expect(config.available_backends).toEqual(['short_term', 'vdb', 'kv', 'graph']);
  await replica.chat(key, 'hi', { session_id: 'plain' });
  const { body: stats } = await replica.call('GET /memory/stats', key);
  expect(stats).toMatchObject({
    total_sessions: 3,
    sessions: {
      [kv]: { backend: 'kv', collection_name: kv, has_index: true },
      plain: { backend: 'short_term', dialog_count: 1, max_dialogs: 10, usage_percent: 10 },
    },
  });
  // Vectors are paid for like any call, and by whoever asks.
  const { body: poor } = await replica.call('POST /sessions', key, { memory: 'vdb' });
  const limited = await replica.key({ models: ['m'] });
  const refused = await replica.chat(limited, 'hi', { session_id: poor.id });
  expect(refused.status).toBe(403);
});
