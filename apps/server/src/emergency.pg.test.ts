import { randomUUID } from 'node:crypto';

import { hashToken, mintToken } from '@sagewai/crypto';
import { type Db, sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import { bearer, make, servedTest as test } from './served-fixture.ts';

/** As `sagewai break-glass` makes it. */
async function breakGlass(owner: Db): Promise<{ readonly token: string; readonly ends: string }> {
  const token = mintToken('sat-');
  const { rows } = await sql<{ ends: Date }>`
    insert into platform_token (id, hash, name, reason, expires_at)
    values (${randomUUID()}, ${Buffer.from(hashToken(token))}, 'break-glass', 'the owners are gone',
            app_now() + interval '10 minutes')
    returning expires_at as ends
  `.execute(owner);
  return { token, ends: rows[0]?.ends.toISOString() ?? '' };
}

/** What can be made, and opens something. */
const OPENING = [
  ['/api/v1/tokens', { name: 'a token', scopes: ['admin'] }],
  ['/api/v1/keys', { name: 'a key' }],
  ['/api/v1/keys', { name: 'a key of a day', expires_in_seconds: 86_400 }],
  ['/key/generate', { key_alias: 'a key of LiteLLM' }],
  ['/key/generate', { key_alias: 'one of a day', duration: '1d' }],
  ['/api/v1/fleet/enrollment-keys', { name: 'an enrollment key' }],
  ['/api/v1/fleet/enrollment-keys', { name: 'one of a day', expires_in_seconds: 86_400 }],
  ['/api/v1/fleet/tokens', { name: 'a token of workers' }],
  ['/api/v1/invitations', { email: 'new@example.com', role: 'viewer', by_mail: false }],
] as const;

const endOf = (made: Record<string, unknown>): string | null => {
  const end = made['expires_at'] ?? made['expires'] ?? null;
  return typeof end === 'string' ? new Date(end).toISOString() : null;
};

test('what break-glass makes ends with it, and so does what is made with that (G5)', async ({
  call,
  administrator,
  owner,
}) => {
  const { token, ends } = await breakGlass(owner);
  await make(call, administrator, ['POST', '/api/v1/organizations'], { name: 'acme' });
  const acme = { 'x-organization': 'acme' };
  const emergency = { ...bearer(token), ...acme };
  const first = await make(call, emergency, ['POST', '/api/v1/tokens'], {
    name: 'made in an emergency',
    scopes: ['admin'],
  });
  for (const credential of [emergency, bearer(String(first['token']))]) {
    for (const [path, body] of OPENING) {
      const isForAll = path !== '/api/v1/invitations';
      const named = isForAll ? body : { ...body, email: `${randomUUID()}@example.com` };
      const alias = 'key_alias' in body ? { key_alias: `${body.key_alias} ${randomUUID()}` } : {};
      const made = await make(call, credential, ['POST', path], { ...named, ...alias });
      expect([path, endOf(made)]).toEqual([path, ends]);
    }
  }
  const enrolling = await make(call, emergency, ['POST', '/api/v1/fleet/enrollment-keys'], {
    name: 'of a worker',
  });
  const worker = await make(call, {}, ['POST', '/api/v1/fleet/register'], {
    enrollment_key: enrolling['key'],
    models: ['m'],
  });
  const issuing = ['POST', `/api/v1/fleet/workers/${String(worker['worker_id'])}/tokens`] as const;
  for (const body of [{}, { expires_in_seconds: 315_360_000 }]) {
    expect(endOf(await make(call, emergency, issuing, body))).toBe(ends);
  }
  const held = await make(call, emergency, ['POST', '/key/generate'], {
    blocked: true,
    duration: '1d',
  });
  expect(endOf(held)).toBe(ends);
  const longer = { key: held['key'], duration: '30d' };
  expect(endOf(await make(call, emergency, ['POST', '/key/update'], longer))).toBe(ends);
  const administers = { ...administrator, ...acme };
  const lasting = await make(call, administers, ['POST', '/api/v1/keys'], { name: 'lasts' });
  expect(endOf(lasting)).toBeNull();
});
