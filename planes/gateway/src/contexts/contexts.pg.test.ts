import { expect } from 'vitest';

import { fileWorldTest } from '../faults/file-world-fixture.ts';
import { openReservations } from '../fixture.sql.ts';
import { deploymentAt, type RunningGateway } from '../gateway-fixture.ts';
import { answer, ask } from '../routing/routing-fixture.ts';

const test = fileWorldTest.extend<{ replicas: readonly RunningGateway[] }>({
  replicas: [
    async ({ start, upstream }, use) => {
      upstream.answer = (_, reply) => answer(reply, 200);
      const config = { deployments: [deploymentAt(upstream.url)] };
      await use([await start(config), await start(config)]);
    },
    { scope: 'file' },
  ],
});

test('calls that bring one context along share its window, whichever replica they are made to (X1)', async ({
  replicas,
  key,
  upstream,
  owner,
}) => {
  const post = async (index: number, context: string): Promise<Response> => {
    const gateway = replicas[index % replicas.length];
    if (gateway === undefined) throw new Error('there is no such replica');
    return gateway.post('/v1/chat/completions', ask, {
      authorization: `Bearer ${key}`,
      'x-sagewai-context': context,
    });
  };
  const context = 'tokens=1000000,requests=5,usd=10';
  const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => post(index, context)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  expect(upstream.asked).toHaveLength(5);
  const refused = answers.find(({ status }) => status === 429);
  expect(await refused?.json()).toMatchObject({
    error: {
      message: 'Rate limit reached: 5 of 5 requests per minute of this context are in use.',
    },
  });
  // Other values are another window; one within the full one is in both.
  expect((await post(0, 'tokens=1000000,requests=6,usd=10')).status).toBe(200);
  expect((await post(0, `${context}; tokens=10,requests=1,usd=1`)).status).toBe(429);
  const dear = await post(1, 'tokens=1000000,requests=5,usd=0.000001');
  expect([dear.status, await dear.json()]).toMatchObject([
    429,
    { error: { message: expect.stringContaining('Max budget: 0.000001 (of this context)') } },
  ]);
  expect((await post(0, 'requests=5')).status).toBe(400);
  expect(await openReservations(owner)).toBe(0);
});
