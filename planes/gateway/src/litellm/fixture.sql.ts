import { createHash, randomBytes } from 'node:crypto';

import { Secret } from '@sagewai/config';
import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { registerCredential } from '@sagewai/identity';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';

import { forgetCalls } from '../fixture.sql.ts';
import { type RunningGateway, startGateway } from '../gateway-fixture.ts';
import { keepMasterKey } from './master-key.ts';

export const MASTER = `sk-${randomBytes(32).toString('base64url')}`;
export const ask = {
  model: 'simulated',
  messages: [{ role: 'user', content: 'hi' }],
  max_tokens: 5,
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a client that is not typed sees
  readonly body: any;
}

/** As LiteLLM's documentation has it: a bearer, JSON in, JSON out. */
export type Curl = (target: string, body?: object, headers?: object) => Promise<Answer>;

export const curlAs =
  (gateway: RunningGateway, bearer: string | null): Curl =>
  async (target, body, headers = {}) => {
    const [method = 'GET', path = ''] = target.split(' ');
    const answer = await fetch(`${gateway.url}${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? null : (JSON.parse(text) as unknown),
    };
  };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An access token of ours. */
export async function makeToken(
  db: Db,
  { orgId }: Tenant,
  scopes: readonly string[],
  projectId: string | null = null,
): Promise<string> {
  const value = mintToken('sat-');
  const id = newId();
  await inTenant(db, [orgId], async (tx) => {
    await sql`
      insert into access_token (id, org_id, project_id, name, scopes, created_by)
      values (${id}, ${orgId}, ${projectId}, 'test', ${scopes}, 'test')
    `.execute(tx);
    await registerCredential(tx, { hash: hashToken(value), kind: 'token', id, orgId });
  });
  return value;
}

interface World {
  readonly tenant: Tenant;
  readonly gateway: RunningGateway;
  /** With the master key. */
  readonly curl: Curl;
}

/** A gateway with one organization, administered with the master key; the database of the file is empty else. */
export const litellmTest = fileDatabaseTest.extend<World>({
  tenant: async ({ db, owner }, use) => {
    await forgetCalls(owner);
    await sql`truncate organization, credential cascade`.execute(owner);
    await use(await makeTenant(db));
  },
  gateway: async ({ db, tenant }, use) => {
    if (tenant.orgId === null) throw new Error('there is no organization');
    const masterKey = keepMasterKey(new Secret(MASTER));
    const gateway = await startGateway(db, { masterKey });
    await use(gateway);
    await gateway.close();
  },
  curl: async ({ gateway }, use) => {
    await use(curlAs(gateway, MASTER));
  },
});
