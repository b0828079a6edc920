import { createSecretKey, randomBytes } from 'node:crypto';

import { Secret } from '@sagewai/config';
import { sealingKey } from '@sagewai/crypto';
import { inTenant, inTransaction, sql } from '@sagewai/postgres';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import type { ProjectId } from '@sagewai/wire';
import { describe, expect, onTestFinished } from 'vitest';

import {
  deploymentAt,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import { type Curl, curlAs, makeToken } from '../litellm/fixture.sql.ts';
import { answerJson } from '../world-fixture.ts';
import { createCredentialBook } from './credential-book.ts';
import {
  dropCredentialOf,
  findCredentialOf,
  forgetFormer,
  listCredentials,
  putCredential,
} from './project-credentials.sql.ts';

const OPERATORS = 'sk-of-the-operator';

interface Proxy {
  readonly upstream: FakeUpstream;
  readonly keys: Set<string>;
  /** With which key calls of models came. */
  readonly calledWith: string[];
  /** Its answer to whoever administers; null: as it should. */
  status: number | null;
}

/** A LiteLLM proxy as far as keys and chats go. */
async function startProxy(): Promise<Proxy> {
  const upstream = await startFakeUpstream();
  const proxy: Proxy = { upstream, keys: new Set([OPERATORS]), calledWith: [], status: null };
  upstream.answer = ({ url = '', headers }, reply, body) => {
    const key = (headers.authorization ?? '').replace('Bearer ', '');
    const refuse = (status: number): void =>
      answerJson(reply, { error: { message: `no ${key}`, type: 'auth_error' } }, { status });
    if (!proxy.keys.has(key)) return refuse(401);
    if (url.startsWith('/key/')) {
      if (proxy.status !== null || key !== OPERATORS) return refuse(proxy.status ?? 403);
      if (url === '/key/delete') {
        for (const one of (JSON.parse(body.toString()) as { keys: string[] }).keys) {
          proxy.keys.delete(one);
        }
        return answerJson(reply, {});
      }
      const made = `sk-made-${randomBytes(12).toString('hex')}`;
      proxy.keys.add(made);
      return answerJson(reply, { key: made, ...(JSON.parse(body.toString()) as object) });
    }
    proxy.calledWith.push(key);
    if (url.endsWith('count_tokens')) return answerJson(reply, { input_tokens: 3 });
    const choices = [
      { index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' },
    ];
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    answerJson(reply, {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices,
      usage,
    });
  };
  onTestFinished(() => upstream.close());
  return proxy;
}

interface World {
  readonly proxy: Proxy;
  readonly gateway: RunningGateway;
  readonly start: (storedModelsMs?: number) => Promise<RunningGateway>;
  readonly admin: Curl;
  readonly tenant: Awaited<ReturnType<typeof makeTenant>>;
  /** Of the project, and of another one. */
  readonly key: string;
  readonly otherKey: string;
}

async function open(db: Parameters<typeof startGateway>[0], intervalMs = 50): Promise<World> {
  const proxy = await startProxy();
  const elsewhere = await startProxy();
  const endpoint = (url: string, provider: 'litellm' | 'openai') => ({
    provider,
    baseUrl: url,
    credential: new Secret(OPERATORS),
  });
  const deployments = [
    // Reached at the same address, with nothing that could make keys there.
    deploymentAt(proxy.upstream.url, {
      id: 'hosted',
      model: 'hosted',
      endpoint: { provider: 'compatible', baseUrl: proxy.upstream.url, credential: null },
    }),
    deploymentAt(proxy.upstream.url, { endpoint: endpoint(proxy.upstream.url, 'litellm') }),
    deploymentAt(elsewhere.upstream.url, {
      id: 'second',
      endpoint: endpoint(elsewhere.upstream.url, 'openai'),
    }),
    deploymentAt(elsewhere.upstream.url, {
      id: 'other',
      model: 'elsewhere',
      endpoint: endpoint(elsewhere.upstream.url, 'openai'),
    }),
    deploymentAt(elsewhere.upstream.url, {
      id: 'walled',
      model: 'walled',
      endpoint: endpoint('http://operator:of-the-operator@localhost:1/walled', 'openai'),
    }),
  ];
  const start = async (storedModelsMs = 50): Promise<RunningGateway> => {
    const gateway = await startGateway(db, { deployments, storedModelsMs });
    onTestFinished(() => gateway.close());
    return gateway;
  };
  const gateway = await start(intervalMs);
  const tenant = await makeTenant(db);
  const otherId = crypto.randomUUID() as ProjectId;
  await inTenant(db, [tenant.orgId], (tx) =>
    sql`insert into project (id, org_id, name) values (${otherId}, ${tenant.orgId}, 'other')`.execute(
      tx,
    ),
  );
  return {
    proxy,
    gateway,
    start,
    tenant,
    admin: curlAs(gateway, await makeToken(db, tenant, ['admin'])),
    key: (await makeKey(db, tenant)).value,
    otherKey: (await makeKey(db, { ...tenant, projectId: otherId })).value,
  };
}

const PATH = '/api/v1/projects/default/credential';
const messages = [{ role: 'user', content: 'hi' }];
const call = (of: RunningGateway, key: string, model = 'm') => of.chat(key, { model, messages });

describe('a credential of a project', () => {
  fileDatabaseTest(
    'is made, used, rotated and deleted at the proxy, and nobody reads it',
    async ({ db, owner }) => {
      const { proxy, gateway, start, admin, key, otherKey, tenant } = await open(db);
      const second = await start();
      expect((await admin(`GET ${PATH}`)).status).toBe(404);
      const made = await admin(`PUT ${PATH}`, {
        make: { max_budget: 100, budget_duration: '30d' },
      });
      expect(made).toMatchObject({
        status: 200,
        body: { kind: 'made', base_url: proxy.upstream.url },
      });
      const asked = JSON.parse(proxy.upstream.asked.at(-1)?.body.toString() ?? '{}') as object;
      expect(asked).toMatchObject({
        max_budget: 100,
        budget_duration: '30d',
        metadata: { sagewai_project: tenant.projectId },
      });
      const [, own = ''] = [...proxy.keys];
      await expect.poll(async () => (await call(gateway, key), proxy.calledWith.at(-1))).toBe(own);
      // No call of the project is sent to the other deployment of the model, whose credential is the operator's.
      proxy.calledWith.length = 0;
      for (let n = 0; n < 8; n++) expect((await call(gateway, key)).status).toBe(200);
      expect(new Set(proxy.calledWith)).toEqual(new Set([own]));
      expect(proxy.calledWith).toHaveLength(8);
      const count = { model: 'm', messages };
      const counted = await gateway.post('/v1/messages/count_tokens', count, { 'x-api-key': key });
      expect([counted.status, proxy.calledWith.at(-1)]).toEqual([200, own]);
      await expect
        .poll(async () => (await call(gateway, otherKey), proxy.calledWith.at(-1)))
        .toBe(OPERATORS);
      await second.runJob('gateway.refreshStoredModels');
      expect((await call(second, key)).status).toBe(200);
      expect(proxy.calledWith.at(-1)).toBe(own);
      // One that has just started does not call before it knows.
      const third = await start();
      expect((await call(third, key)).status).toBe(200);
      expect(proxy.calledWith.at(-1)).toBe(own);

      const rotated = await admin(`POST ${PATH}/rotate`);
      expect(rotated.body.hint).not.toBe(made.body.hint);
      const next = [...proxy.keys].at(-1) ?? '';
      await expect.poll(async () => (await call(gateway, key), proxy.calledWith.at(-1))).toBe(next);
      // The one before is deleted once every replica has heard.
      await expect.poll(() => [...proxy.keys], { timeout: 5_000 }).toEqual([OPERATORS, next]);
      await expect
        .poll(async () => (await listCredentials(owner)).map(({ formerSealed }) => formerSealed), {
          timeout: 5_000,
        })
        .toEqual([null]);

      const { rows } = await sql<{ text: string }>`
      select string_agg(k, '') as text from (
        select p::text as k from project_credential p union all select e::text from audit_entry e) a
    `.execute(owner);
      for (const secret of [own, next]) expect(rows[0]?.text).not.toContain(secret);
      expect(rows[0]?.text).toContain('gateway.rotateProjectCredential');
      const shown = JSON.stringify([made.body, rotated.body, (await admin(`GET ${PATH}`)).body]);
      expect(shown).not.toContain(own);
      expect(shown).not.toContain(next);

      expect((await admin(`DELETE ${PATH}`)).body).toMatchObject({ removed: true });
      expect([...proxy.keys]).toEqual([OPERATORS]);
      await expect.poll(async () => (await call(gateway, key)).status).toBe(200);
      expect((await admin(`DELETE ${PATH}`)).status).toBe(404);
    },
  );

  fileDatabaseTest(
    'that was replaced by a server that has ended is deleted by another',
    async ({ db }) => {
      const { proxy, start, admin } = await open(db, 60_000);
      expect((await admin(`PUT ${PATH}`, { make: {} })).status).toBe(200);
      const [, own = ''] = [...proxy.keys];
      expect((await admin(`POST ${PATH}/rotate`)).status).toBe(200);
      expect(proxy.keys.has(own)).toBe(true);
      const other = await start();
      await other.runJob('gateway.refreshStoredModels');
      await expect.poll(() => proxy.keys.has(own), { timeout: 5_000 }).toBe(false);
      expect(proxy.keys.size).toBe(2);
      // One that cannot be deleted at the proxy is not forgotten here.
      proxy.status = 500;
      expect((await admin(`DELETE ${PATH}`)).status).toBe(502);
      expect((await admin(`GET ${PATH}`)).status).toBe(200);
      proxy.status = null;
      expect((await admin(`DELETE ${PATH}`)).status).toBe(200);
      expect(proxy.keys).toEqual(new Set([OPERATORS]));
    },
  );

  fileDatabaseTest(
    'that is refused fails clearly, and no other is used in its place',
    async ({ db }) => {
      const { proxy, gateway, admin, key } = await open(db);
      const given = { key: 'sk-given-to-the-project', base_url: proxy.upstream.url };
      proxy.keys.add(given.key);
      expect((await admin(`PUT ${PATH}`, given)).body).toMatchObject({ kind: 'given' });
      await expect
        .poll(async () => (await call(gateway, key), proxy.calledWith.at(-1)))
        .toBe(given.key);
      proxy.keys.delete(given.key);
      proxy.calledWith.length = 0;
      const before = proxy.upstream.asked.length;
      const refused = await call(gateway, key);
      const said = await refused.text();
      expect([refused.status, said]).toEqual([
        502,
        expect.stringContaining("project's own credential"),
      ]);
      expect(said).not.toContain(given.key);
      expect(proxy.calledWith).toEqual([]);
      const keys = proxy.upstream.asked.slice(before).map(({ headers }) => headers.authorization);
      expect(new Set(keys)).toEqual(new Set([`Bearer ${given.key}`]));

      const beyond = await call(gateway, key, 'elsewhere');
      expect([beyond.status, await beyond.text()]).toEqual([
        403,
        expect.stringContaining('its calls use no other'),
      ]);
      expect((await call(gateway, key, 'simulated')).status).toBe(200);
      const list = await curlAs(gateway, key)('GET /v1/models');
      expect(list.body.data.map(({ id }: { id: string }) => id)).not.toContain('elsewhere');
      expect((await curlAs(gateway, key)('GET /v1/models/elsewhere')).status).toBe(404);
      expect((await admin(`POST ${PATH}/rotate`)).body.detail).toContain('was given');
    },
  );

  fileDatabaseTest(
    'is set by administrators of the organization alone, at a place that is configured',
    async ({ db, owner }) => {
      const { proxy, gateway, admin, tenant } = await open(db);
      const writer = curlAs(gateway, await makeToken(db, tenant, ['write']));
      const bound = curlAs(gateway, await makeToken(db, tenant, ['admin'], tenant.projectId));
      const body = { key: 'sk-given-to-the-project' };
      for (const by of [writer, bound]) expect((await by(`PUT ${PATH}`, body)).status).toBe(403);
      const stranger = curlAs(gateway, await makeToken(db, await makeTenant(db), ['admin']));
      const theirs = `/api/v1/projects/${tenant.projectId}/credential`;
      for (const [method, sent] of [['PUT', body], ['DELETE'], ['GET']] as const) {
        expect((await stranger(`${method} ${theirs}`, sent)).status).toBe(404);
      }
      for (const wrong of [
        {},
        { ...body, make: {} },
        { ...body, base_url: 'http://169.254.169.254/v1' },
        { key: 'with space' },
      ]) {
        expect((await admin(`PUT ${PATH}`, wrong)).status).toBe(400);
      }
      // Where it is good is told without what the operator's URL holds beside.
      const walled = { ...body, base_url: 'http://localhost:1/walled' };
      const set = await admin(`PUT ${PATH}`, walled);
      expect([set.status, set.body.base_url]).toEqual([200, walled.base_url]);
      expect((await admin(`GET ${PATH}`)).body.base_url).toBe(walled.base_url);
      expect((await admin(`DELETE ${PATH}`)).status).toBe(200);
      proxy.status = 403;
      const refused = await admin(`PUT ${PATH}`, { make: {} });
      expect([refused.status, refused.body.detail]).toEqual([
        502,
        expect.stringContaining('LITELLM_API_KEY'),
      ]);
      const rows = await listCredentials(owner);
      expect(rows.filter(({ orgId }) => orgId === tenant.orgId)).toEqual([]);
    },
  );

  fileDatabaseTest('that cannot be read is replaced by no other (M6)', async ({ db, owner }) => {
    const { gateway, key, tenant, proxy } = await open(db);
    const { orgId, projectId } = tenant;
    const name = { orgId, projectId, baseUrl: proxy.upstream.url };
    const log = { info() {}, warn() {}, error() {} } as never;
    const keys = [sealingKey(createSecretKey(Buffer.alloc(32, 1)), 'gateway-model')] as const;
    const other = createCredentialBook({ db, keys, log, watch: () => {} });
    const sealed = other.seal(name, { key: 'sk-of-another-time', wanted: {} });
    const row = { ...name, hint: 'sk-…', isMade: true, sealed, createdBy: 'test' };
    await inTransaction(db, async (tx) => {
      await putCredential(tx, row);
      await sql`update stored_model_version set version = version + 1`.execute(tx);
    });
    await gateway.runJob('gateway.refreshStoredModels');
    const refused = await call(gateway, key);
    expect([refused.status, await refused.text()]).toEqual([
      503,
      expect.stringContaining('Set it again'),
    ]);
    // Replaced, dropped: for its own organization alone.
    await inTransaction(db, async (tx) => {
      const put = await putCredential(tx, { ...row, sealed: 'x' });
      expect(put).toMatchObject({ formerSealed: sealed, formerBaseUrl: name.baseUrl });
      await forgetFormer(tx, { orgId, projectId });
      const stranger = { orgId: crypto.randomUUID() as typeof orgId, projectId };
      await dropCredentialOf(tx, stranger);
      expect(await findCredentialOf(tx, stranger)).toBeNull();
      expect(await findCredentialOf(tx, { orgId, projectId })).toMatchObject({
        formerSealed: null,
      });
      await dropCredentialOf(tx, { orgId, projectId });
    });
    expect((await listCredentials(owner)).map((one) => one.projectId)).not.toContain(projectId);
  });
});
