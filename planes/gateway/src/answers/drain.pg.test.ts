import type { ServerResponse } from 'node:http';

import { inTenant } from '@sagewai/postgres';
import { expect } from 'vitest';

import { fileWorldTest as test } from '../faults/file-world-fixture.ts';
import { openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey } from '../gateway-fixture.ts';
import { adjustKey } from '../keys/keys.sql.ts';
import { askStream, CHUNK } from '../routing/routing-fixture.ts';

const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n';

test('the stream of a key that drains is read to its end when its client leaves, and booked as reported (M3)', async ({
  upstream,
  tenant,
  start,
  db,
  owner,
}) => {
  const gateway = await start({ deployments: [deploymentAt(upstream.url)] });
  const key = await makeKey(db, tenant);
  await inTenant(db, [tenant.orgId], (tx) =>
    adjustKey(tx, { ...tenant, id: key.id }, { onClientLeft: 'drain' }),
  );
  const begun: ServerResponse[] = [];
  let closed = 0;
  upstream.answer = (_, reply) => {
    reply.on('close', () => (closed += reply.writableFinished ? 0 : 1));
    begun.push(reply);
  };
  for (const when of ['before its head', 'after its first piece'] as const) {
    const client = new AbortController();
    const answer = gateway.chat(key.value, askStream, client.signal);
    await expect.poll(() => begun.length, { timeout: 5_000 }).toBe(1);
    const [reply] = begun.splice(0);
    reply?.writeHead(200, { 'content-type': 'text/event-stream' });
    if (when === 'after its first piece') {
      reply?.write(CHUNK);
      await (await answer).body?.getReader().read();
    }
    client.abort();
    await answer.catch(() => null);
    // Whoever answers two calls after it has seen it go.
    for (const path of ['/v1/models', '/v1/models']) await (await fetch(gateway.url + path)).text();
    reply?.end(`${CHUNK}${CHUNK}${USAGE}data: [DONE]\n\n`);
    await expect.poll(() => openReservations(owner), { timeout: 5_000 }).toBe(0);
  }
  expect(await spendOf(owner)).toMatchObject([
    { status: 'aborted', source: 'provider', cost: 57_000n },
    { status: 'aborted', source: 'provider', cost: 57_000n },
  ]);
  expect(closed).toBe(0);
});
