import type { ServerResponse } from 'node:http';

import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect, onTestFinished } from 'vitest';

import { openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, startFakeUpstream, startGateway } from '../gateway-fixture.ts';
import { answer, ask, askStream, CHUNK } from '../routing/routing-fixture.ts';
import { startCuttable } from './cuttable-fixture.ts';

test('while the database is away no key is served and no provider asked; a stream under way ends when it is booked (M2)', async ({
  db,
  owner,
  open,
  url,
}) => {
  const way = await startCuttable(url);
  const upstream = await startFakeUpstream();
  upstream.answer = (_, reply) => answer(reply, 200);
  const far = open({ url: way.url });
  const gateway = await startGateway(far, {
    deployments: [deploymentAt(upstream.url)],
    timeouts: { connectMs: 1_000, firstByteMs: 20_000, idleMs: 20_000, clientStallMs: 1_000 },
  });
  onTestFinished(async () => {
    await gateway.close();
    await upstream.close();
    await way.close();
  });
  const tenant = await makeTenant(db);
  const [used, unused] = [await makeKey(db, tenant), await makeKey(db, tenant)];
  expect((await gateway.chat(used.value, ask)).status).toBe(200);
  const begun: ServerResponse[] = [];
  upstream.answer = (_, reply) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.write(CHUNK);
    begun.push(reply);
  };
  const stream = await gateway.chat(used.value, askStream);
  expect(stream.status).toBe(200);
  const asked = upstream.asked.length;

  way.cut();
  // One that is known and one that is not, and again when what was known is too old to be relied upon.
  for (const key of [used, unused, used]) {
    const refused = await gateway.chat(key.value, ask);
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { message: expect.any(String) } },
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(upstream.asked).toHaveLength(asked);
  begun[0]?.end('data: [DONE]\n\n');
  const text = stream.text();
  await new Promise((resolve) => setTimeout(resolve, 100));
  way.mend();
  // The settlement was tried until it was there: only then the end was told.
  expect(await text).toContain('[DONE]');
  expect(await spendOf(owner)).toMatchObject([
    { status: 'ok' },
    { status: 'ok', source: 'estimate' },
  ]);
  expect(await openReservations(owner)).toBe(0);
  upstream.answer = (_, reply) => answer(reply, 200);
  await expect
    .poll(async () => (await gateway.chat(used.value, ask)).status, { timeout: 10_000 })
    .toBe(200);
});
