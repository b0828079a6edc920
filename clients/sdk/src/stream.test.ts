import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { createClient } from './client.ts';
import { createNodeOpen } from './node.ts';
import { openByFetch } from './send.ts';

const params = { run_id: '0199aaaa-0000-7000-8000-000000000001' };
const headers = { 'content-type': 'text/event-stream' };
const data = { state: 'failed', left_out: 0 };
const end = `id: 9-end\nevent: end\ndata: ${JSON.stringify(data)}\n\n`;

test.each([
  ['fetch', openByFetch],
  ['node:http', createNodeOpen()],
])('a stream over %s goes on where it broke off, and ends at its end', async (_name, open) => {
  const server = await scriptedServer();
  server.on('runs.streamRunEvents', (_asked, nth) => {
    if (nth === 1) {
      const told = 'id: 1\nevent: log\ndata: {"seq":1}\n\n:\n\nid: 2\nevent: log\ndata: {"se';
      return { headers, text: told, breaksOff: true };
    }
    if (nth === 2) return 'hang up';
    if (nth === 3) return { status: 503, json: { code: 'service.draining' } };
    // A server that restarts closes what it streams; that is no end.
    if (nth === 4) return { headers, text: 'id: 2\nevent: log\ndata: {"seq":2}\n\n' };
    return { headers, text: end };
  });
  let renewed = 0;
  const client = createClient({ url: server.url, open, token: () => `sat-${(renewed += 1)}` });
  const seen: string[] = [];
  for await (const { id } of client.stream('runs.streamRunEvents', { params })) seen.push(id);
  expect(seen).toEqual(['1', '2', '9-end']);
  const lastIds = server.asked('runs.streamRunEvents').map((one) => one.headers['last-event-id']);
  expect(lastIds).toEqual([undefined, '1', '1', '1', '2']);
  const asked = server.asked('runs.streamRunEvents').map((one) => one.headers);
  expect(asked[0]).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer sat-1' });
  // Who goes on for longer than a token is good for has another one.
  expect(asked.at(-1)).toMatchObject({ authorization: `Bearer sat-${asked.length}` });
});

test('what is not there, a signal, and an end that was received end a stream', async () => {
  const server = await scriptedServer();
  server.on('runs.streamRunEvents', (_asked, nth) => {
    if (nth === 1) {
      return { status: 404, json: { code: 'request.not_found', detail: 'There is no such run.' } };
    }
    return nth === 2 ? { status: 204 } : 'silence';
  });
  const stop = new AbortController();
  const client = createClient({ url: server.url, signal: stop.signal });
  const next = () =>
    client
      .stream('runs.streamRunEvents', { params }, { lastEventId: '9-end' })
      [Symbol.asyncIterator]()
      .next();
  await expect(next()).rejects.toMatchObject({ status: 404, detail: 'There is no such run.' });
  await expect(next()).resolves.toMatchObject({ done: true });
  const waiting = next();
  await server.reached('runs.streamRunEvents', 3);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});
