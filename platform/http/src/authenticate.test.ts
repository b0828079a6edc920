import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { createAuthenticator, type CredentialReader } from './authenticate.ts';
import { ANONYMOUS, type Caller } from './caller.ts';
import type { RequestHead } from './request-head.ts';

const caller = (name: string): Caller => ({ ...ANONYMOUS, kind: 'key', name });
const head = (authorization?: string): RequestHead =>
  ({ headers: { authorization } }) as RequestHead;

const notMine: CredentialReader = { read: () => null };
const slowlyNotMine: CredentialReader = { read: () => Promise.resolve(null) };
const mine = (name: string): CredentialReader => ({ read: () => caller(name) });
const bad: CredentialReader = {
  read: () => {
    throw new Fault('caller.unknown', 'revoked');
  },
};

test('the first reader that knows the credential decides', async () => {
  const authenticate = createAuthenticator([notMine, slowlyNotMine, mine('first'), mine('second')]);
  expect(await authenticate(head('x'))).toMatchObject({ name: 'first' });
});

test('an answer from memory is given at once', () => {
  expect(createAuthenticator([notMine, mine('first')])(head('x'))).toMatchObject({ name: 'first' });
});

test('a bad credential never falls through to the next reader (H3)', () => {
  expect(() => createAuthenticator([bad, mine('second')])(head('x'))).toThrow('revoked');
});

test('a bad credential never falls through after a reader that had to wait (H3)', async () => {
  const authenticate = createAuthenticator([slowlyNotMine, bad, mine('third')]);
  await expect(authenticate(head('x'))).rejects.toThrow('revoked');
});

test('a bad credential that had to be looked up never falls through (H3)', async () => {
  const slowlyBad: CredentialReader = {
    read: () => Promise.reject(new Fault('caller.unknown', 'expired')),
  };
  const authenticate = createAuthenticator([slowlyBad, mine('second')]);
  await expect(authenticate(head('x'))).rejects.toThrow('expired');
});

test('no credential is anonymous', () => {
  expect(createAuthenticator([notMine])(head())).toBe(ANONYMOUS);
});

test.each(['authorization', 'x-api-key', 'x-worker-secret'])(
  'a credential in %s that nobody knows is a bad one (H3)',
  (name) => {
    const unknown = { headers: { [name]: 'x' } } as unknown as RequestHead;
    expect(() => createAuthenticator([notMine])(unknown)).toThrow(Fault);
  },
);
