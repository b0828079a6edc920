import { resolve } from 'node:path';

import { expect } from 'vitest';

import { bearer, make, servedWith } from './served-fixture.ts';

const PROGRAM = resolve(import.meta.dirname, '../../../planes/engines/src/engine-fixture.mjs');
const test = servedWith({
  ENGINE_COMMANDS: `fake=${process.execPath} ${PROGRAM} {port} {model}`,
  ENGINE_HEALTH_INTERVAL: '50ms',
});

test('an engine that is started is a model that keys may call, until it is stopped', async ({
  call,
  administrator,
}) => {
  await make(call, administrator, ['POST', '/v1/management/engines'], {
    model_id: 'tiny',
    engine_label: 'one',
    // More than a models file can say: it is served all the same.
    metadata: { max_output_tokens: 1e12 },
  });
  const { id } = await make(call, administrator, ['POST', '/api/v1/organizations'], {
    name: 'acme',
  });
  const within = { ...administrator, 'x-organization': String(id) };
  const token = await make(call, within, ['POST', '/api/v1/tokens'], {
    name: 't',
    scopes: ['admin'],
  });
  const admin = bearer(String(token['token']));
  const { key } = await make(call, admin, ['POST', '/api/v1/keys'], { name: 'k' });
  const ask = async (): Promise<string> => {
    const body = { model: 'tiny', messages: [{ role: 'user', content: 'who?' }] };
    const request = { method: 'POST', path: '/v1/chat/completions', body };
    return (await call(bearer(String(key)), request)).text;
  };
  await expect.poll(ask, { timeout: 20_000, interval: 100 }).toContain('by tiny');
  const refused = await call(admin, { method: 'GET', path: '/v1/management/engines' });
  expect(refused.status).toBe(403);
  await make(call, administrator, ['DELETE', '/v1/management/engines/one']);
  await expect.poll(ask, { timeout: 20_000, interval: 100 }).toContain('model_not_found');
});
