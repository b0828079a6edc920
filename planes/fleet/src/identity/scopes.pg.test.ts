import { type Endpoint, ENDPOINTS, WORKER_SCOPES } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';
import { CLAIM, HEARTBEAT, SESSIONS } from './identity-fixture.ts';

const REPORT = '/api/v1/fleet/report';
const NOBODY = '0199aaaa-0000-7000-8000-000000000001';

/** Served by another plane, whose tests try it. */
const ELSEWHERE: readonly string[] = ['/api/v1/fleet/workflows'];

describe('scopes', () => {
  const CALLS = [
    [CLAIM, 'claim', { poll_timeout: 0 }],
    [REPORT, 'report', { run_id: NOBODY, epoch: 1 }],
    [`${REPORT}/batch`, 'report', { reports: [{ run_id: NOBODY, epoch: 1 }] }],
    [HEARTBEAT, 'heartbeat', {}],
    [SESSIONS, 'heartbeat', undefined],
    [
      `/api/v1/fleet/runs/${NOBODY}/reservations`,
      'report',
      { epoch: 1, model: 'm', input_tokens_max: 1, output_tokens_max: 1 },
    ],
    [
      `/api/v1/fleet/runs/${NOBODY}/reservations/${NOBODY}/settlement`,
      'report',
      { epoch: 1, input_tokens: 1, output_tokens: 1 },
    ],
    [
      `/api/v1/fleet/runs/${NOBODY}/events`,
      'report',
      { epoch: 1, first: 1, events: [{ kind: 'log', text: 'x' }] },
    ],
    [
      `/api/v1/fleet/runs/${NOBODY}/wait`,
      'report',
      { epoch: 1, for: 'signal', name: 'x', timeout_seconds: 1 },
    ],
  ] as const;

  test('every endpoint for workers is tried below', () => {
    const endpoints: readonly Endpoint[] = ENDPOINTS;
    const asked = endpoints.filter(
      ({ permission, path }) =>
        ['fleet:claim', 'fleet:report', 'fleet:heartbeat'].includes(permission) &&
        !ELSEWHERE.includes(path),
    );
    const tried = CALLS.map(([url]) => url.replaceAll(NOBODY, '*'));
    expect(tried.toSorted()).toEqual(
      asked.map(({ path }) => path.replaceAll(/\{\w+\}/g, '*')).toSorted(),
    );
  });

  test.for(WORKER_SCOPES)(
    'a token without %s is refused exactly where it is asked for',
    async (missing, { replica }) => {
      const { id } = await replica.worker();
      const scopes = WORKER_SCOPES.filter((scope) => scope !== missing);
      const { body: issued } = await replica.call('POST', `/api/v1/fleet/workers/${id}/tokens`, {
        as: 'admin',
        body: { scopes },
      });
      for (const [url, scope, body] of CALLS) {
        const answer = await replica.call('POST', url, {
          as: String(issued['token']),
          ...(body === undefined ? {} : { body }),
        });
        const isRefused =
          answer.status === 403 && String(answer.body['detail']).includes(`the scope "${missing}"`);
        expect({ url, isRefused }).toEqual({ url, isRefused: scope === missing });
        if (!isRefused) expect(answer.status).not.toBe(403);
      }
    },
  );
});
