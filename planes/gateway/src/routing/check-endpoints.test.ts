import { Secret } from '@sagewai/config';
import { expect, test } from 'vitest';

import type { Endpoint } from '../models/deployment.ts';
import { checkEndpoints, judgeStatus } from './check-endpoints.ts';

test.for([200, 204, 400, 404, 405, 429])('%i says that it is there', (status) => {
  expect(judgeStatus(status)).toEqual({ kind: 'well' });
});

test.for([401, 403, 500, 503])('%i says that it would refuse calls too', (status) => {
  expect(judgeStatus(status)).toEqual({ kind: 'unwell', because: String(status) });
});

test('each place and credential is asked once, and who cannot be reached is unwell', async () => {
  const at = (host: string, key: string | null): Endpoint => ({
    provider: 'compatible',
    baseUrl: `http://${host}/v1`,
    credential: key === null ? null : new Secret(key),
  });
  const [a, again, other, away] = [at('a', 'k'), at('a', 'k'), at('a', 'l'), at('away', null)];
  const asked: Endpoint[] = [];
  const health = await checkEndpoints([a, again, other, away], async (endpoint) => {
    asked.push(endpoint);
    if (endpoint === away) throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    return endpoint === other ? 401 : 200;
  });
  expect(asked).toEqual([a, other, away]);
  expect([a, again, other, away].map((each) => health.get(each))).toEqual([
    { kind: 'well' },
    { kind: 'well' },
    { kind: 'unwell', because: '401' },
    { kind: 'unwell', because: 'ECONNREFUSED' },
  ]);
});
