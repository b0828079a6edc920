/**
 * Signed in as one organization, everything of another is thrown at every endpoint: into its path, each
 * field of its query and of its body, and the headers. It reads the contract, and makes what it sends
 * from the schemas, so that a new endpoint is covered by being there. What is thrown is every row's id.
 */
import { randomBytes } from 'node:crypto';

import { readConfig } from '@sagewai/config';
import { newId } from '@sagewai/crypto';
import { ensureAdministrator } from '@sagewai/identity';
import { silentLog } from '@sagewai/log';
import { databaseTest, tempHome } from '@sagewai/testing';
import { type Endpoint, ENDPOINTS } from '@sagewai/wire';
import { expect } from 'vitest';

import { SERVER_FIELDS } from './config.ts';
import { canHold, fillSchema, type Shape } from './fill-schema-fixture.ts';
import { configuredStore } from './object-store.ts';
import { openDatabase } from './open-database.ts';
import { readModels } from './read-models.ts';
import { rowsOf } from './rows-of-fixture.sql.ts';
import { parseServerKeys } from './server-keys.ts';
import { buildServer } from './server.ts';

const secret = (): string => randomBytes(32).toString('base64url');
/** Stands in what the other organization has, and is never sent by the one that asks. */
const CANARY = 'zebrafinch';
/** A name that the other organization uses where names are ids. */
const THROWN = 'thrownfinch';
const SILENT_MS_MAX = 5000;
const REQUEST_ID = /[0-9a-f]{16}-[0-9a-z]+/g;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const OF_JOBS: ReadonlySet<string> = new Set([
  'alert_delivery',
  'alert_webhook',
  'audit_entry',
  'audit_head',
  'backlog_count',
  'delivery_attempt',
  'outbox_due',
  'pending_count',
  'subqueue',
]);
/** Its metrics are of all organizations, and for whoever runs the server. */
const OF_THE_PLATFORM = 'server.getMetrics';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
interface Answer {
  readonly status: number;
  readonly text: string;
}
type Call = (token: string, request: Request) => Promise<Answer>;

const test = databaseTest.extend<{ call: Call; administrator: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  administrator: async ({}, use) => use(`sat-${secret()}`),
  call: async ({ url, administrator }, use) => {
    await using home = await tempHome();
    const config = readConfig(SERVER_FIELDS, {
      environment: { DATABASE_URL: url, SAGEWAI_HOME: home.path },
    });
    const databases = await openDatabase(config, silentLog);
    const models = await readModels(config, {});
    await ensureAdministrator(databases.dispatch, { token: administrator });
    const server = await buildServer({
      certificate: null,
      config,
      gatewayConfig: models.config,
      modelsFile: { text: models.text, env: {} },
      databases,
      objects: configuredStore(config),
      keys: parseServerKeys(secret(), secret()),
      version: '0.0.0-test',
      log: silentLog,
      onOutdated: () => undefined,
    });
    await use(async (token, { method, path, body, headers }) => {
      const answer = server.app.inject({
        method: method as 'GET',
        url: path,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const silence = new Promise<null>((resolve) => setTimeout(resolve, SILENT_MS_MAX, null));
      const said = await Promise.race([answer, silence]);
      return said ? { status: said.statusCode, text: said.body } : { status: 0, text: '' };
    });
    await server.stop(1000);
    await databases.close();
  },
});

/** Where a text can be thrown at an endpoint. */
function* targetsOf(endpoint: Endpoint): Generator<(text: string) => Request> {
  const { method, params, query, body } = endpoint as Endpoint & Record<string, unknown>;
  const path = (text: string): string =>
    endpoint.path.replaceAll(/\{[^}]*\}/g, () => encodeURIComponent(text));
  const least = (text: string): { body?: unknown } =>
    body === undefined ? {} : { body: fillSchema(body as Shape, text) };
  const fields = Object.entries((query as Shape | undefined)?.properties ?? {});
  const needed = (query as Shape | undefined)?.required ?? [];
  const asked = (text: string, also: string): string => {
    const told = fields.filter(([name]) => needed.includes(name) || name === also);
    const pairs = told.map(([name, shape]) => [name, String(fillSchema(shape, text))]);
    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
  };
  const probe = newId();
  if (params !== undefined) {
    yield (text) => ({ method, path: `${path(text)}${asked(text, '')}`, ...least(text) });
  }
  for (const [name, shape] of fields) {
    if (!canHold(shape, probe)) continue;
    yield (text) => ({ method, path: `${path(text)}${asked(text, name)}`, ...least(text) });
  }
  for (const [name, shape] of Object.entries((body as Shape | undefined)?.properties ?? {})) {
    if (!canHold(shape, probe)) continue;
    yield (text) => ({
      method,
      path: `${path(text)}${asked(text, '')}`,
      body: {
        ...(fillSchema(body as Shape, text) as object),
        [name]: fillSchema(shape, text, true),
      },
    });
  }
}

/** What tells two answers apart but for the id that was asked about, and what is new in each. */
function plain({ status, text }: Answer, thrown: string): string {
  if (status < 300) return String(status);
  return `${status} ${text.replaceAll(thrown, 'IT').replaceAll(UUIDS, 'NEW').replaceAll(REQUEST_ID, 'REQUEST')}`;
}

test('nothing of another organization is seen, changed or told from what exists nowhere (I1, I9)', async ({
  call,
  administrator,
  owner,
}) => {
  const made: Record<string, { id: string; admin: string }> = {};
  for (const name of ['acme', 'other', `${CANARY}-org`]) {
    const path = '/api/v1/organizations';
    const answer = await call(administrator, { method: 'POST', path, body: { name } });
    const { id } = JSON.parse(answer.text) as { id: string };
    const headers = { 'x-organization': id };
    const body = { name: `${name}-admin`, scopes: ['admin'] };
    const token = await call(administrator, {
      method: 'POST',
      path: '/api/v1/tokens',
      headers,
      body,
    });
    made[name] = { id, admin: (JSON.parse(token.text) as { token: string }).token };
  }
  const [acme, other, foreign] = [made['acme'], made['other'], made[`${CANARY}-org`]];
  if (!acme || !other || !foreign) throw new Error('three organizations are needed');

  const name = CANARY;
  const kept: readonly (readonly [string, object])[] = [
    ['/api/v1/projects', { name }],
    ['/api/v1/keys', { name }],
    ['/api/v1/runs', { payload: { say: name }, pool: name }],
    ['/api/v1/schedules', { name, cron: '0 0 1 1 *', submission: { payload: { say: name } } }],
    ['/api/v1/alert-webhooks', { name, url: 'https://203.0.113.1/hook' }],
    ['/api/v1/fleet/enrollment-keys', { name }],
    ['/api/v1/guardrails', { name, kind: 'secrets' }],
    ['/api/v1/harness/policies', { name }],
    ['/api/v1/service-accounts', { name }],
    ['/api/v1/roles', { name: THROWN, permissions: ['run:read'] }],
    ['/api/v1/role-assignments', { role: THROWN, subject_kind: 'service_account', subject: name }],
    ['/team/new', { team_id: THROWN, team_alias: name }],
    ['/user/new', { user_id: THROWN, user_alias: name }],
  ];
  for (const [path, body] of kept) {
    const answer = await call(foreign.admin, { method: 'POST', path, body });
    expect
      .soft([path, answer.status, answer.text.slice(0, 200)])
      .toEqual([path, expect.toSatisfy((status: number) => status < 300), expect.anything()]);
  }

  const before = await rowsOf(owner, foreign.id);
  // Each with a twin that exists nowhere. It is sent by an organization of its own, the same in the same
  // order: what one has made itself under a name, the other has made too.
  // One twin an id, in however many tables that stands.
  const ids = [...before.values()].flatMap(([row]) => {
    const { id } = JSON.parse(row ?? '{}') as { id?: string };
    return id !== undefined && UUID.test(id) ? [id] : [];
  });
  const thrown = [...new Set(ids)].map((id) => [id, newId()] as const);
  const pairs = [...thrown, [THROWN, 'twin-of-it'] as const];
  expect(pairs.length).toBeGreaterThan(9);
  const foreignIds = [...before.values()].flat().flatMap((row) => row.match(UUIDS) ?? []);
  const unsaid = new Set(foreignIds.filter((id) => !thrown.some(([text]) => text === id)));

  const seen: string[] = [];
  let requests = 0;
  for (const [at, endpoint] of (ENDPOINTS as readonly Endpoint[]).entries()) {
    if (endpoint.id === OF_THE_PLATFORM) continue;
    for (const [which, target] of [...targetsOf(endpoint)].entries()) {
      const isPath = which === 0 && endpoint.params !== undefined;
      for (const [text, twin] of pairs.filter((_, n) => isPath || (n + at + which) % 4 === 0)) {
        const none = plain(await call(other.admin, target(twin)), twin);
        const answer = await call(acme.admin, target(text));
        requests += 1;
        const said = plain(answer, text);
        if (said !== none) seen.push(`${endpoint.id} ${which} ${text}: ${said} / ${none}`);
        const leaked = (answer.text.match(UUIDS) ?? []).some((id) => unsaid.has(id));
        if (leaked || answer.text.includes(CANARY))
          seen.push(`${endpoint.id} tells ${answer.text}`);
      }
    }
    if (endpoint.method !== 'GET' || endpoint.params !== undefined) continue;
    const listed = await call(acme.admin, { method: 'GET', path: endpoint.path });
    if (listed.text.includes(CANARY)) seen.push(`${endpoint.id} lists ${listed.text}`);
  }
  for (const header of ['x-project-id', 'x-organization']) {
    for (const [text] of pairs) {
      const path = '/api/v1/runs';
      const answer = await call(acme.admin, { method: 'GET', path, headers: { [header]: text } });
      if (answer.status !== 404) seen.push(`${header} ${text}: ${answer.status}`);
    }
  }
  expect(seen).toEqual([]);
  expect(requests).toBeGreaterThan(1000);
  const after = await rowsOf(owner, foreign.id);
  const tables = [...new Set([...before.keys(), ...after.keys()])];
  const changed = tables.filter(
    (table) => JSON.stringify(before.get(table)) !== JSON.stringify(after.get(table)),
  );
  // What its own jobs do meanwhile: nobody serves its run, it is told so, and its queue is counted.
  expect(changed.filter((table) => !OF_JOBS.has(table))).toEqual([]);
  const known = new Set(before.get('audit_entry'));
  const told = (after.get('audit_entry') ?? []).filter((entry) => !known.has(entry));
  expect(told.filter((entry) => !entry.includes('"actor": "fleet"'))).toEqual([]);
}, 180_000);
