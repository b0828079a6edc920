import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';

import { sql } from '@sagewai/postgres';
import { expect, onTestFinished } from 'vitest';

import { bearer, type Call, type Credential, make, servedWith } from './served-fixture.ts';

const PROGRAM = resolve(import.meta.dirname, '../../../planes/engines/src/engine-fixture.mjs');
const test = servedWith({
  ENGINE_COMMANDS: `fake=${process.execPath} ${PROGRAM} {port} {model}`,
  ENGINE_HEALTH_INTERVAL: '50ms',
});
const apart = servedWith({
  PLANES: 'identity,trust,ledger,gateway',
  ENGINE_HEALTH_INTERVAL: '50ms',
});

/** An organization of its own, with whoever administers it and a key. */
async function joined(
  call: Call,
  administrator: Credential,
): Promise<{ readonly admin: Credential; readonly key: Credential }> {
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
  return { admin, key: bearer(String(key)) };
}

const asking = (call: Call, key: Credential) => async (): Promise<string> => {
  const body = { model: 'tiny', messages: [{ role: 'user', content: 'who?' }] };
  return (await call(key, { method: 'POST', path: '/v1/chat/completions', body })).text;
};

const PATIENT = { timeout: 20_000, interval: 100 };

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
  const { admin, key } = await joined(call, administrator);
  const ask = asking(call, key);
  await expect.poll(ask, PATIENT).toContain('by tiny');
  const refused = await call(admin, { method: 'GET', path: '/v1/management/engines' });
  expect(refused.status).toBe(403);
  await make(call, administrator, ['DELETE', '/v1/management/engines/one']);
  await expect.poll(ask, PATIENT).toContain('model_not_found');
});

apart(
  'a process that looks after no engines calls those that are ready',
  async ({ call, administrator, db }) => {
    const engine = createServer((_, reply) => {
      const message = { role: 'assistant', content: 'by another’s engine' };
      reply.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }),
      );
    });
    await new Promise<void>((done) => void engine.listen(0, '127.0.0.1', done));
    onTestFinished(() => {
      engine.closeAllConnections();
      engine.close();
    });
    const { port } = engine.address() as AddressInfo;
    await sql`
    insert into engine (id, model, host, port, kind, state, options, metadata)
    values ('far', 'tiny', '127.0.0.1', ${port}, 'llm', 'READY', '{}', '{}')
  `.execute(db);
    const { key } = await joined(call, administrator);
    await expect.poll(asking(call, key), PATIENT).toContain('by another’s engine');
    const none = await call(administrator, { method: 'GET', path: '/v1/management/engines' });
    expect(none.status).toBe(404);
  },
);
