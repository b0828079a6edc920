import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { ensureProject } from '@sagewai/identity';
import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant, type Tenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { changesOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, type RunningGateway, startGateway } from '../gateway-fixture.ts';
import { type Curl, curlAs, makeToken } from '../litellm/fixture.sql.ts';
import { answerJson, sharedWorldTest } from '../world-fixture.ts';
import { guardrailOf } from './guardrail-fixture.ts';
import { listGuardrailVersions, listStoredGuardrails } from './stored-guardrails.sql.ts';

const PATTERNS = [{ name: 'TICKET', pattern: 'ACME-[0-9]{4}' }];
const TICKETS = { name: 'tickets', kind: 'regex', patterns: PATTERNS };
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

const test = sharedWorldTest((url) => ({
  deployments: [deploymentAt(url)],
  guardrails: [guardrailOf({ name: 'in-the-file', isDefault: false })],
})).extend<{ admin: Curl; say: (text: string, more?: object) => Promise<number> }>({
  admin: async ({ gateway, db, tenant }, use) => {
    await use(curlAs(gateway, await makeToken(db, tenant, ['admin'])));
  },
  say: async ({ gateway, upstream, key }, use) => {
    upstream.answer = (_, reply) => answerJson(reply, SAID);
    await use((text, more = {}) => ask(gateway, key, text, more));
  },
});

const SAID = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

async function ask(
  gateway: RunningGateway,
  key: string,
  text: string,
  more: object = {},
): Promise<number> {
  const messages = [{ role: 'user', content: text }];
  const reply = await gateway.chat(key, { model: 'm', messages, ...more });
  await reply.text();
  return reply.status;
}

const projectBeside = (db: Parameters<typeof inTenant>[0], { orgId }: Tenant, name: string) =>
  inTenant(db, [orgId], (tx) => ensureProject(tx, { orgId, name, actor: 'test' }));

describe('a guardrail that is made by API', () => {
  test('holds at once here and within a second elsewhere, until it is deleted (W1)', async ({
    admin,
    say,
    key,
    db,
    owner,
    tenant,
    upstream,
  }) => {
    const other = await startGateway(db, { deployments: [deploymentAt(upstream.url)] });
    expect(await say('ACME-1234')).toBe(200);
    expect(await ask(other, key, 'ACME-1234')).toBe(200);
    const made = await admin('POST /api/v1/guardrails', { ...TICKETS, default_on: true });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'tickets', action: 'block', before: true, after: false, project_id: null },
    });
    const path = `/api/v1/guardrails/${made.body.id}`;
    expect(await say('ACME-1234')).toBe(400);
    expect(await say('other')).toBe(200);
    await expect.poll(() => ask(other, key, 'ACME-1234'), { timeout: 2_000 }).toBe(400);

    await admin(`PATCH ${path}`, { action: 'redact' });
    const asked = upstream.asked.length;
    expect(await say('ACME-1234')).toBe(200);
    expect(upstream.asked[asked]?.body.toString()).toContain('[TICKET]');
    expect((await admin(`GET ${path}`)).body).toMatchObject({
      action: 'redact',
      patterns: PATTERNS,
    });

    await admin(`DELETE ${path}`);
    expect((await admin(`GET ${path}`)).status).toBe(404);
    expect(await say('ACME-1234')).toBe(200);
    expect(upstream.asked.at(-1)?.body.toString()).toContain('ACME-1234');
    const changes = await changesOf(owner, tenant.orgId);
    expect(changes.filter((action) => action.startsWith('gateway.'))).toEqual([
      'gateway.createGuardrail',
      'gateway.updateGuardrail',
      'gateway.deleteGuardrail',
    ]);
    expect((await listGuardrailVersions(db)).find(({ orgId }) => orgId === tenant.orgId)).toEqual({
      orgId: tenant.orgId,
      version: 3n,
    });
    await other.close();
  });

  test('of a project is for its calls alone, and no other organization’s', async ({
    admin,
    gateway,
    db,
    tenant,
    say,
  }) => {
    const beside = await projectBeside(db, tenant, 'beside');
    const made = await admin('POST /api/v1/guardrails', {
      ...TICKETS,
      project: 'beside',
      default_on: true,
    });
    expect(made.body.projects).toEqual([beside.id]);
    const there = await makeKey(db, { orgId: tenant.orgId, projectId: beside.id });
    expect(await ask(gateway, there.value, 'ACME-1234')).toBe(400);
    expect(await say('ACME-1234')).toBe(200);
    // Nor can it be named from there: it is not known.
    expect(await say('ACME-1234', { guardrails: ['tickets'] })).toBe(400);
    const named = await makeKey(db, tenant, { metadata: { guardrails: ['tickets'] } });
    expect(await ask(gateway, named.value, 'x')).toBe(503);

    const stranger = await makeTenant(db);
    const token = curlAs(gateway, await makeToken(db, stranger, ['admin']));
    expect((await token(`GET /api/v1/guardrails/${made.body.id}`)).status).toBe(404);
    expect((await token(`DELETE /api/v1/guardrails/${made.body.id}`)).status).toBe(404);
    const listed = (await token('GET /api/v1/guardrails')).body.guardrails as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['in-the-file']);
    expect(
      await inTenant(db, [stranger.orgId], (tx) => listStoredGuardrails(tx, tenant.orgId)),
    ).toEqual([]);
  });

  test('is changed by whoever administers its project, and by no other project', async ({
    admin,
    gateway,
    db,
    tenant,
  }) => {
    const beside = await projectBeside(db, tenant, 'beside');
    const bound = curlAs(gateway, await makeToken(db, tenant, ['admin'], beside.id));
    const ours = await admin('POST /api/v1/guardrails', TICKETS);
    const theirs = await bound('POST /api/v1/guardrails', { name: 'theirs', kind: 'secrets' });
    expect(theirs).toMatchObject({ status: 201, body: { project_id: beside.id } });
    const target = `/api/v1/guardrails/${ours.body.id}`;
    expect((await bound(`PATCH ${target}`, { action: 'flag' })).status).toBe(404);
    expect((await bound(`DELETE ${target}`)).status).toBe(404);
    const away = { name: 'x', kind: 'pii', project: 'default' };
    expect((await bound('POST /api/v1/guardrails', away)).status).toBe(404);
    const reader = curlAs(gateway, await makeToken(db, tenant, ['write']));
    expect((await reader('POST /api/v1/guardrails', TICKETS)).status).toBe(403);
    expect((await bound(`DELETE /api/v1/guardrails/${theirs.body.id}`)).status).toBe(200);
  });

  test('may be named by keys and calls, and one that is gone lets nothing of theirs pass (W2)', async ({
    admin,
    gateway,
    db,
    tenant,
    say,
  }) => {
    const made = await admin('POST /api/v1/guardrails', TICKETS);
    expect(await say('ACME-1234')).toBe(200);
    expect(await say('ACME-1234', { guardrails: ['tickets'] })).toBe(400);
    const named = await makeKey(db, tenant, { metadata: { guardrails: ['tickets'] } });
    expect(await ask(gateway, named.value, 'ACME-1234')).toBe(400);
    expect(await ask(gateway, named.value, 'x')).toBe(200);
    await admin(`DELETE /api/v1/guardrails/${made.body.id}`);
    expect(await ask(gateway, named.value, 'x')).toBe(503);
  });

  test('is refused by what is wrong with it, and is never half of what was meant', async ({
    admin,
  }) => {
    const refusals: readonly (readonly [object, number, RegExp])[] = [
      [{ name: 'a', kind: 'regex' }, 400, /patterns must be there/],
      [{ name: 'a', kind: 'regex', patterns: [{ name: 'X', pattern: '(?=a)' }] }, 400, /RE2/],
      [{ name: 'a', kind: 'pii', entities: ['SOUL'] }, 400, /entities must be of EMAIL_ADDRESS/],
      [{ name: 'a', kind: 'pii', url: 'https://a.example' }, 400, /url is for guardrails/],
      [{ name: 'a', kind: 'secrets', before: false }, 400, /before must be true/],
      [{ name: 'a', kind: 'webhook', url: 'ftp://a.example' }, 400, /url must be/],
      [{ name: 'a', kind: 'webhook', url: 'http://169.254.169.254/x' }, 400, /may not be called/],
      [{ name: 'in-the-file', kind: 'pii' }, 409, /in the models file/],
      [{ name: 'a b', kind: 'pii' }, 400, /name/],
    ];
    for (const [body, status, words] of refusals) {
      const answer = await admin('POST /api/v1/guardrails', body);
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([
        status,
        expect.stringMatching(words),
      ]);
    }
    await admin('POST /api/v1/guardrails', { name: 'Twice', kind: 'pii' });
    const again = await admin('POST /api/v1/guardrails', { name: 'twice', kind: 'pii' });
    expect(again.status).toBe(409);
    const listed = (await admin('GET /api/v1/guardrails')).body.guardrails as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['in-the-file', 'Twice']);
  });
});

describe('a webhook that is named by API', () => {
  test('keeps its secret sealed, and is called through the guard: inside, nothing passes (W2, M6)', async ({
    admin,
    say,
    owner,
    upstream,
  }) => {
    let called = 0;
    const server = createServer((request, reply) => {
      called++;
      void json(request).then(() => reply.end('{"action":"allow"}'));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/check`;
    // An address that resolves inside is refused when it is written, or when it is called.
    const inside = await admin('POST /api/v1/guardrails', { name: 'hook', kind: 'webhook', url });
    expect(inside.status).toBe(400);
    // Also one that the operator named, for models.
    const named = { name: 'hook', kind: 'webhook', url: `${upstream.url}/check` };
    expect((await admin('POST /api/v1/guardrails', named)).status).toBe(400);
    const made = await admin('POST /api/v1/guardrails', {
      name: 'hook',
      kind: 'webhook',
      url: 'https://localhost/check',
      secret: SECRET,
      default_on: true,
      timeout_ms: 1_000,
    });
    expect(made).toMatchObject({ status: 201, body: { has_secret: true } });
    expect(JSON.stringify(made.body)).not.toContain(SECRET);
    const { rows } = await sql<{ row: string }>`
      select guardrail::text as row from guardrail where id = ${made.body.id}
    `.execute(owner);
    expect(rows[0]?.row).not.toContain(SECRET.slice(6));
    expect(await say('hello')).toBe(503);
    expect(called).toBe(0);
    const path = `/api/v1/guardrails/${made.body.id}`;
    const moved = await admin(`PATCH ${path}`, { url: 'https://other.example/check' });
    expect([moved.status, JSON.stringify(moved.body)]).toEqual([
      400,
      expect.stringContaining('given again'),
    ]);
    await admin(`DELETE ${path}`);
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
});

describe('clients of LiteLLM', () => {
  test('list what calls may name, and pass a text through one', async ({
    admin,
    gateway,
    db,
    tenant,
    key,
  }) => {
    const beside = await projectBeside(db, tenant, 'beside');
    await admin('POST /api/v1/guardrails', { ...TICKETS, after: true });
    await admin('POST /api/v1/guardrails', { name: 'away', kind: 'pii', project: beside.id });
    const curl = curlAs(gateway, key);
    for (const path of ['/guardrails/list', '/v2/guardrails/list']) {
      const { body } = await curl(`GET ${path}`);
      expect(body.guardrails).toMatchObject([
        { guardrail_name: 'in-the-file', guardrail_definition_location: 'config' },
        {
          guardrail_name: 'tickets',
          litellm_params: {
            guardrail: 'regex',
            mode: ['pre_call', 'post_call'],
            default_on: false,
          },
          guardrail_definition_location: 'db',
        },
      ]);
    }
    const apply = (name: string, text: string) =>
      curl('POST /guardrails/apply_guardrail', { guardrail_name: name, text });
    expect((await apply('tickets', 'ACME-1234')).status).toBe(400);
    expect((await apply('tickets', 'none')).body).toEqual({ response_text: 'none' });
    const token = `ghp_${'aB3'.repeat(12)}`;
    const redacted = (await apply('in-the-file', `see ${token}`)).body.response_text as string;
    expect(redacted).toMatch(/^see \[/);
    expect((await apply('away', 'x')).status).toBe(404);
    const tested = await admin('POST /api/v1/guardrails/test', {
      name: 'tickets',
      text: 'ACME-1234',
    });
    expect(tested.body).toMatchObject({ verdict: 'block' });
  });
});
