import type { Answer, FixtureKey, FleetFixture } from '../fleet-fixture.ts';

export const REGISTER = '/api/v1/fleet/register';
export const SESSIONS = '/api/v1/fleet/sessions';
export const HEARTBEAT = '/api/v1/fleet/heartbeat';
export const CLAIM = '/api/v1/fleet/claim';

type Proof = Record<string, unknown>;

export async function makeKey(replica: FleetFixture, limits: object = {}): Promise<string> {
  const { body } = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
    as: 'admin',
    body: { name: 'k', ...limits },
  });
  return String(body['key']);
}

interface RegisterOptions {
  readonly enrollment?: string;
  readonly proof?: Proof;
  readonly body?: object;
}

export async function register(
  replica: FleetFixture,
  key: FixtureKey,
  { enrollment, proof = {}, body = {} }: RegisterOptions = {},
): Promise<Answer> {
  const shown = enrollment ?? (await makeKey(replica));
  return replica.call('POST', REGISTER, {
    as: { 'x-enrollment-key': shown, ...key.proof(REGISTER, shown, proof) },
    body: { public_key: key.jwk, ...body },
  });
}

export const changeSettings = (replica: FleetFixture, body: object): Promise<Answer> =>
  replica.call('PUT', '/api/v1/fleet/settings', { as: 'admin', body });

export const beat = (
  replica: FleetFixture,
  key: FixtureKey,
  token: string,
  proof: Proof,
): Promise<Answer> =>
  replica.call('POST', HEARTBEAT, {
    as: { authorization: `Bearer ${token}`, ...key.proof(HEARTBEAT, token, proof) },
    body: {},
  });

export const open = (
  replica: FleetFixture,
  key: FixtureKey,
  worker: { readonly id: string; readonly secret: string },
  proof: Proof,
): Promise<Answer> =>
  replica.call('POST', SESSIONS, {
    as: {
      'x-worker-id': worker.id,
      'x-worker-secret': worker.secret,
      ...key.proof(SESSIONS, worker.secret, proof),
    },
  });

export const decide = (replica: FleetFixture, id: string, decision: string): Promise<Answer> =>
  replica.call('POST', `/api/v1/fleet/workers/${id}/${decision}`, { as: 'admin', body: {} });
