import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { type EventStreamOptions, streamEvents } from './stream-events.ts';

/** What a client reads until the stream closes. */
async function read(of: Pick<EventStreamOptions, 'look' | 'monotonicMs'>): Promise<string> {
  const server = createServer((_, reply) => {
    void streamEvents(reply, {
      first: { events: [], isEnd: false },
      isOver: false,
      signal: AbortSignal.timeout(10_000),
      keepAliveMs: 1,
      endsAfterMs: 5,
      wait: () => Promise.resolve(),
      ...of,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return answer.text();
}

test.each([
  ['of which there is always more', 1],
  ['that is silent', 0],
])('a stream %s ends in its time, to be asked for again', async (_what, perLook) => {
  let nowMs = 0;
  let told = 0;
  const text = await read({
    monotonicMs: () => (nowMs += 1),
    look: async () => {
      // Where the time is not looked at, the test ends it.
      if (nowMs > 20 || told > 20) return { events: [], isEnd: true };
      told += perLook;
      const event = { id: String(told), event: 'log', data: { n: told } };
      return { events: perLook === 0 ? [] : [event], isEnd: false };
    },
  });
  expect(text).toMatch(/^retry: \d+\n\n/);
  expect([...text.matchAll(/^id: /gm)].length).toBe(told);
  expect(told).toBeLessThan(6);
});
