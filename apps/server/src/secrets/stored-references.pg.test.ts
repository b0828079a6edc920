import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { readConfig } from '@sagewai/config';
import { ensureAdministrator, ensureOrganization } from '@sagewai/identity';
import { silentLog } from '@sagewai/log';
import { sql } from '@sagewai/postgres';
import { databaseTest as test, tempHome } from '@sagewai/testing';
import { expect, onTestFinished } from 'vitest';

import { SERVER_FIELDS } from '../config.ts';
import { configuredStore } from '../object-store.ts';
import { openDatabase } from '../open-database.ts';
import { readModels } from '../read-models.ts';
import { parseServerKeys } from '../server-keys.ts';
import { buildServer } from '../server.ts';

const secret = (): string => randomBytes(32).toString('base64url');

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('credentials that are stored may be references: used by value, read again, and in the database in no other way (M6)', async ({
  url,
  owner,
}) => {
  await using home = await tempHome();
  const secrets = new Map([
    ['/v1/secret/data/models/shared', 'sk-value-one'],
    ['/v1/secret/data/models/other', 'sk-of-others'],
  ]);
  let isAway = false;
  const vault = await listen((request, response) => {
    const value = secrets.get(request.url ?? '');
    response.writeHead(isAway ? 503 : value === undefined ? 404 : 200);
    response.end(JSON.stringify({ data: { data: { key: value } } }));
  });
  const calledWith: string[] = [];
  const upstream = await listen((request, response) => {
    calledWith.push(request.headers.authorization ?? '');
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'x', object: 'chat.completion', choices: [], usage }));
  });
  const token = `sat-${secret()}`;
  const environment = {
    DATABASE_URL: url,
    SAGEWAI_HOME: home.path,
    OPENAI_API_KEY: 'sk-of-the-operator',
    OPENAI_BASE_URL: `${upstream}/v1`,
    OPENAI_MODELS: 'gpt-x',
    VAULT_ADDR: vault,
    VAULT_TOKEN: 'hvs.token',
    STORED_SECRET_PREFIXES: 'vault:secret/data/models/shared,vault:secret/data/{organization}/',
    SECRETS_LIFETIME: '100ms',
    STORED_MODELS_INTERVAL: '100ms',
    UNKNOWN_PRICE: 'allow',
  };
  const config = readConfig(SERVER_FIELDS, { environment });
  const databases = await openDatabase(config, silentLog);
  const models = await readModels(config, environment);
  await ensureAdministrator(databases.dispatch, { token });
  const { organization } = await ensureOrganization(databases.request, {
    name: 'acme',
    actor: 'test',
  });
  const server = await buildServer({
    certificate: null,
    config,
    gatewayConfig: models.config,
    modelsFile: { text: models.text, env: environment },
    databases,
    objects: configuredStore(config),
    keys: parseServerKeys(secret(), secret()),
    version: '0.0.0-test',
    log: silentLog,
    onOutdated: () => undefined,
  });
  const address = await server.app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const call = async (method: string, path: string, body?: object, as = token) => {
      const answer = await fetch(`${address}${path}`, {
        method,
        headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const made = await call('POST', '/api/v1/keys', { name: 'k' });
    const key = String(made.body['key']);
    const ask = { model: 'stored', messages: [{ role: 'user', content: 'x' }] };
    const chat = async (model = 'stored'): Promise<string | undefined> => {
      const { status } = await call('POST', '/v1/chat/completions', { ...ask, model }, key);
      return status === 200 ? calledWith.at(-1) : String(status);
    };
    const store = (reference: string) =>
      call('POST', '/model/new', {
        model_name: 'stored',
        litellm_params: { model: 'openai/gpt-y', api_base: `${upstream}/v1`, api_key: reference },
        model_info: { id: 'm1' },
      });
    // What the operator has not allowed, and what is of an organization, is nothing for everybody's models.
    expect((await store('vault:secret/data/models/other#key')).status).toBe(400);
    expect((await store(`vault:secret/data/${organization.id}/own#key`)).status).toBe(400);
    expect((await store('vault:nothing whole')).status).toBe(400);
    expect((await store('vault:secret/data/models/shared#key')).status).toBe(200);
    await expect.poll(() => chat(), { timeout: 5_000 }).toBe('Bearer sk-value-one');
    secrets.set('/v1/secret/data/models/shared', 'sk-value-two');
    await expect.poll(() => chat(), { timeout: 5_000 }).toBe('Bearer sk-value-two');
    isAway = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await chat()).toBe('Bearer sk-value-two');
    isAway = false;

    // A project's own: what begins with its organization's id, and nobody else's.
    const at = '/api/v1/projects/default/credential';
    const foreign = await call('PUT', at, {
      key: 'vault:secret/data/models/other#key',
      base_url: `${upstream}/v1`,
    });
    expect(foreign).toMatchObject({ status: 400 });
    secrets.set(`/v1/secret/data/${organization.id}/own`, 'sk-own-value');
    const own = { key: `vault:secret/data/${organization.id}/own#key`, base_url: `${upstream}/v1` };
    expect((await call('PUT', at, own)).status).toBe(200);
    await expect.poll(() => chat('gpt-x'), { timeout: 5_000 }).toBe('Bearer sk-own-value');
    const { rows } = await sql<{ text: string }>`
      select string_agg(k, '') as text from (
        select s::text as k from stored_model s union all select e::text from audit_entry e
        union all select c::text from project_credential c) everything
    `.execute(owner);
    expect(rows[0]?.text).not.toMatch(/sk-value|sk-own-value/);
  } finally {
    await server.stop(1_000);
    await databases.close();
  }
});
