import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newId } from '@sagewai/crypto';
import { ensureProject } from '@sagewai/identity';
import { inTenant, sql } from '@sagewai/postgres';
import { expect, onTestFinished } from 'vitest';

import { type Asked, type Provider, said, tellJson, tellStream } from '../intelligence-fixture.ts';
import { intelligenceTest as test } from '../intelligence-test.ts';
import { beginBuild, findIndex, finishBuild, insertPassages } from './knowledge.sql.ts';

const documents = [
  {
    path: 'pumps.md',
    text: '# Oil\n\nThe pump is oiled every four weeks.\n\n# Power\n\nIt takes 400 V.',
  },
  { path: 'cats.md', text: '# Pets\n\nThe ferret sleeps in the shed.' },
];

/** Two meanings: what has to do with animals, and everything else. */
function answersBoth(provider: Provider): void {
  provider.answer = ({ path, body }: Asked, reply) => {
    if (!path.endsWith('/embeddings')) return tellJson(reply, said('four weeks [1]'));
    const data = (body.input ?? []).map((text, index) => ({
      index,
      embedding: /ferret|animal/.test(text) ? [1, 0] : [0, 1],
    }));
    return tellJson(reply, { data, usage: { prompt_tokens: 1, total_tokens: 1 } });
  };
}

test('an index is built once, told, built again when it is said, and deleted', async ({
  replica,
}) => {
  const none = await replica.call('GET /admin/index/status', 'read');
  expect(none.body).toMatchObject({ status: 'not_found' });
  expect((await replica.call('DELETE /admin/index', 'write')).body.status).toBe('not_found');
  expect((await replica.call('POST /admin/index/build', 'read', { documents })).status).toBe(403);
  const built = await replica.call('POST /admin/index/build', 'write', { documents });
  expect(built.body).toMatchObject({
    status: 'built',
    index: { documents: 2, chunks: 3, embedding_model: null, built_by: 'token:of-write' },
  });
  const again = { documents: documents.slice(1) };
  const there = await replica.call('POST /admin/index/build', 'write', again);
  expect(there.body).toMatchObject({ status: 'already_exists', index: { chunks: 3 } });
  const anew = await replica.call('POST /admin/index/build', 'write', {
    ...again,
    force_rebuild: true,
  });
  expect(anew.body).toMatchObject({ status: 'built', index: { chunks: 1 } });
  const gone = await replica.call('POST /api/v1/context/search', 'read', { query: 'pump oiled' });
  expect(gone.body.count).toBe(0);
  expect((await replica.call('DELETE /admin/index', 'write')).body.status).toBe('deleted');
  expect((await replica.call('GET /admin/index/status', 'read')).body.status).toBe('not_found');
});

test('words find passages without a model, and vectors what has none of the words, as calls of a key (K5)', async ({
  replicaWith,
  provider,
}) => {
  answersBoth(provider);
  const replica = replicaWith({ embeddingModel: 'e' });
  const key = await replica.key();
  await replica.call('POST /admin/index/build', key, { documents });
  const status = await replica.call('GET /admin/index/status', key);
  expect(status.body.index.embedding_model).toBe('e');
  const by = async (as: string, query: string): Promise<string[]> =>
    (
      await replica.call('POST /api/v1/memory/vector/search', as, { query, top_k: 1 })
    ).body.results.map(({ doc_path: path }: { doc_path: string }) => path);
  expect(await by(key, 'which animal is there?')).toEqual(['cats.md']);
  const asked = provider.asked.length;
  // A token calls no models: words are all there is.
  expect(await by('read', 'which animal is there?')).toEqual([]);
  expect(await by('read', 'when is the pump oiled?')).toEqual(['pumps.md']);
  expect(provider.asked).toHaveLength(asked);
  const refused = await replica.call(
    'POST /admin/index/build',
    await replica.key({ models: ['m'] }),
    {
      documents,
      force_rebuild: true,
    },
  );
  expect(refused.status).toBe(403);
  // K2. What there was is still found.
  expect(await by(key, 'which animal is there?')).toEqual(['cats.md']);
});

test('a call with retrieval is given passages as a user’s words, and told them as sources (K4)', async ({
  replica,
  provider,
}) => {
  answersBoth(provider);
  const key = await replica.key();
  await replica.call('POST /admin/index/build', key, { documents });
  const { body } = await replica.chat(key, 'How often is the pump oiled?', { retrieval: true });
  expect(body.choices[0].message.content).toBe('four weeks [1]');
  expect(body.sources[0]).toMatchObject({ id: 1, doc_path: 'pumps.md', heading: 'Oil', chunk: 0 });
  const sent = provider.asked.at(-1)?.body;
  expect(sent).not.toHaveProperty('retrieval');
  const [passages, question] = sent?.messages ?? [];
  expect(passages?.role).toBe('user');
  expect(passages?.content).toContain('[1] pumps.md — Oil\nThe pump is oiled every four weeks.');
  expect(question?.content).toBe('How often is the pump oiled?');

  // Nothing was asked: nothing is looked for.
  const casual = await replica.chat(key, 'Hello, how are you?', { retrieval: { top_k: 2 } });
  expect(casual.body.sources).toEqual([]);
  expect(provider.asked.at(-1)?.body.messages).toHaveLength(1);
  const wrong = await replica.chat(key, 'pump?', { retrieval: { top_k: 99 } });
  expect([wrong.status, wrong.body.error.message]).toEqual([
    400,
    expect.stringContaining('body/retrieval'),
  ]);
  // All other calls are as they were.
  expect((await replica.chat(key, 'How often is the pump oiled?')).body).not.toHaveProperty(
    'sources',
  );
});

test('in a chat the question is remembered, not what was found for it; a stream tells its sources first', async ({
  replica,
  provider,
}) => {
  const key = await replica.key();
  await replica.call('POST /admin/index/build', key, { documents });
  provider.answer = (_, reply) => tellStream(reply, ['monthly']);
  const { text } = await replica.send('POST /v1/chat/completions', key, {
    model: 'm',
    messages: [{ role: 'user', content: 'when is the pump oiled?' }],
    stream: true,
    session_id: 'rag',
    retrieval: true,
  });
  expect(text.indexOf('"sources":[{"id":1')).toBeGreaterThan(0);
  expect(text.indexOf('"sources":[{"id":1')).toBeLessThan(text.indexOf('monthly'));
  const { body } = await replica.call('GET /sessions/rag', key);
  expect(body.messages.map(({ content }: { content: string }) => content)).toEqual([
    'when is the pump oiled?',
    'monthly',
  ]);
});

test('a folder of the server is indexed where the operator has named it, and no other (K3)', async ({
  replicaWith,
  db,
  tenant,
}) => {
  const root = await mkdtemp(join(tmpdir(), 'sagewai-index-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(join(root, 'guide.md'), '# Oil\n\nMonthly.');
  const replica = replicaWith({}, undefined, [root]);
  const built = await replica.call('POST /admin/index/build', 'write', {});
  expect(built.body).toMatchObject({ status: 'built', index: { documents: 1 } });
  const refused = await replica.call('POST /admin/index/build', 'write', {
    source_dir: '/etc',
    force_rebuild: true,
  });
  expect([refused.status, refused.body.detail]).toEqual([400, 'Source directory not found: /etc']);
  expect(JSON.stringify(built.body)).not.toContain(root);
  const { rows } = await inTenant(db, [tenant.orgId], (tx) =>
    sql<{ outcome: string }>`
      select outcome from audit_entry where action = 'knowledge.buildIndex' order by seq
    `.execute(tx),
  );
  expect(rows.map(({ outcome }) => outcome)).toEqual(['ok', 'request.invalid']);
});

test('an index is of one project (K1)', async ({ replica, replicaWith, db, tenant }) => {
  await replica.call('POST /admin/index/build', 'write', { documents });
  const { orgId } = tenant;
  const { id: projectId } = await inTenant(db, [orgId], (tx) =>
    ensureProject(tx, { orgId, name: 'beside', actor: 'test' }),
  );
  const beside = replicaWith({}, { ...tenant, projectId });
  const search = { query: 'when is the pump oiled?' };
  expect((await beside.call('POST /api/v1/context/search', 'read', search)).body.count).toBe(0);
  await beside.call('POST /admin/index/build', 'write', { documents: documents.slice(1) });
  expect((await beside.call('POST /api/v1/context/search', 'read', search)).body.count).toBe(0);
  expect((await replica.call('POST /api/v1/context/search', 'read', search)).body.count).toBe(1);
});

test('of two builds the one that began last is the index, and nothing is left of the other (K2)', async ({
  db,
  tenant,
}) => {
  const { orgId, projectId } = tenant;
  const of = { orgId, projectId };
  const [first, second] = [newId<string>(), newId<string>()];
  const made = (generation: string, body: string) => ({
    generation,
    from: 0,
    passages: [{ path: 'a.md', heading: '', chunk: 0, body }],
    vectors: [null],
  });
  const built = {
    documents: 1,
    chunks: 1,
    bytes: 1n,
    embeddingModel: null,
    source: '',
    builtBy: 't',
  };
  await inTenant(db, [orgId], async (tx) => {
    await beginBuild(tx, of, first);
    expect(await insertPassages(tx, of, made(first, 'one'))).toBe(true);
    await beginBuild(tx, of, second);
    expect(await insertPassages(tx, of, made(first, 'more'))).toBe(false);
    await insertPassages(tx, of, made(second, 'two'));
    expect(await finishBuild(tx, of, { ...built, generation: first })).toBe(false);
    expect(await findIndex(tx, of)).toMatchObject({ generation: null });
    expect(await finishBuild(tx, of, { ...built, generation: second })).toBe(true);
    const { rows } = await sql<{ body: string }>`select body from knowledge_chunk`.execute(tx);
    expect(rows).toEqual([{ body: 'two' }]);
  });
});

test('a build that ends while the question’s vector is made leaves no question without passages (K2)', async ({
  replicaWith,
  provider,
}) => {
  answersBoth(provider);
  const replica = replicaWith({ embeddingModel: 'e' });
  const key = await replica.key();
  await replica.call('POST /admin/index/build', key, { documents });
  const { answer } = provider;
  const builds: unknown[] = [];
  provider.answer = async (asked, reply) => {
    const body = { documents, force_rebuild: true };
    builds.push((await replica.call('POST /admin/index/build', 'write', body)).body.status);
    await answer(asked, reply);
  };
  const search = { query: 'when is the pump oiled?' };
  const found = await replica.call('POST /api/v1/context/search', key, search);
  expect([builds, found.body.count]).toEqual([['built'], 1]);
});

test('a question of megabytes is asked, and its beginning looked for', async ({ replica }) => {
  const key = await replica.key();
  await replica.call('POST /admin/index/build', key, { documents });
  const more = Array.from({ length: 300_000 }, (_, n) => `w${n}`).join(' ');
  const { status, body } = await replica.chat(key, `When is the pump oiled? ${more}`, {
    retrieval: true,
  });
  expect([status, body.sources.map(({ doc_path: path }: { doc_path: string }) => path)]).toEqual([
    200,
    ['pumps.md'],
  ]);
});

test('a build whose index is deleted is given up, and pays for no more vectors (K2)', async ({
  replicaWith,
  provider,
}) => {
  const replica = replicaWith({ embeddingModel: 'e' });
  const key = await replica.key();
  answersBoth(provider);
  const { answer } = provider;
  provider.answer = async (asked, reply) => {
    await replica.call('DELETE /admin/index', 'write');
    await answer(asked, reply);
  };
  const many = Array.from({ length: 200 }, (_, n) => ({ path: `${n}.md`, text: `page ${n}` }));
  const built = await replica.call('POST /admin/index/build', key, { documents: many });
  expect([built.status, built.body.detail]).toEqual([409, expect.stringContaining('given up')]);
  expect(provider.asked).toHaveLength(1);
});
