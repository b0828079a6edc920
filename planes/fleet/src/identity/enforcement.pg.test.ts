import { sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import { FixtureKey, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import {
  changeSettings,
  CLAIM,
  HEARTBEAT,
  makeKey,
  register,
  REGISTER,
  SESSIONS,
} from './identity-fixture.ts';

describe('enforcement', () => {
  test('strict refuses what has no key pair, and a worker without one may bring it', async ({
    replica,
  }) => {
    const old = await replica.worker();
    const as = { 'x-worker-id': old.id, 'x-worker-secret': old.secret };
    expect((await replica.call('POST', HEARTBEAT, { as, body: {} })).status).toBe(200);
    await changeSettings(replica, { enforcement: 'strict' });
    for (const [url, by] of [
      [HEARTBEAT, as],
      [HEARTBEAT, old.token],
      [CLAIM, old.token],
      [SESSIONS, as],
      [REGISTER, { 'x-enrollment-key': await makeKey(replica) }],
    ] as const) {
      expect(await replica.call('POST', url, { as: by, body: {} })).toMatchObject({
        status: 401,
        body: { code: 'proof.required' },
      });
    }
    const key = new FixtureKey();
    const bound = await replica.call('POST', REGISTER, {
      as: { ...as, ...key.proof(REGISTER, old.secret) },
      body: { public_key: key.jwk },
    });
    expect(bound.status).toBe(201);
    const { token } = workerOf(bound.body);
    expect((await replica.call('POST', HEARTBEAT, { as: token, body: {} })).status).toBe(200);
    expect((await register(replica, new FixtureKey())).status).toBe(201);
  });

  test('warn lets everything through, and writes down what strict would refuse', async ({
    replicaWith,
    owner,
  }) => {
    const replica = replicaWith({ settings: { openRegistration: true } });
    await changeSettings(replica, { enforcement: 'warn' });
    const stranger = await replica.call('POST', REGISTER, { body: {} });
    expect(stranger.status).toBe(201);
    const { id, secret } = await replica.worker();
    const as = { 'x-worker-id': id, 'x-worker-secret': secret };
    expect((await replica.call('POST', SESSIONS, { as })).status).toBe(201);
    expect((await replica.call('POST', HEARTBEAT, { as, body: {} })).status).toBe(200);
    const { rows } = await sql<{ subject: string; reason: string }>`
      select subject, details::jsonb ->> 'reason' as reason from audit_entry
      where action = 'enforcement.would_refuse' order by seq
    `.execute(owner);
    expect(rows).toEqual([
      {
        subject: `worker:${String(stranger.body['worker_id'])}`,
        reason:
          'it registers without an enrollment key or an access token; it registers without a key pair',
      },
      { subject: `worker:${id}`, reason: 'it registers without a key pair' },
      { subject: `worker:${id}`, reason: 'its session is not bound to a key pair' },
    ]);
    const metrics = await replica.metrics.render();
    expect(metrics).toContain(
      'sagewai_enforcement_findings_total{mode="warn",finding="unbound_call"} 1',
    );
    expect(metrics).toContain(
      'sagewai_enforcement_findings_total{mode="warn",finding="no_key_pair"} 2',
    );
  });
});
