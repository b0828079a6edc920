import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { createReplier } from './replier.ts';

const END = { status: 200, body: { jsonrpc: '2.0', id: 1, result: {} } };
type Work = (replier: ReturnType<typeof createReplier>) => Promise<void> | void;

async function answered(takesEvents: boolean, work: Work): Promise<Response> {
  const server = createServer((_, reply) => {
    const replier = createReplier(reply, { takesEvents, quietMs: 5 });
    void Promise.resolve(work(replier)).then(() => replier.end(END));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const quiet: Work = async (replier) => {
  replier.keepAlive();
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
};

test('an answer that is long in coming is kept alive for a client that takes events', async () => {
  const answer = await answered(true, quiet);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(await answer.text()).toMatch(
    /^(?::\n\n)+event: message\ndata: \{"jsonrpc":"2\.0","id":1,"result":\{\}\}\n\n$/,
  );
});

test('and for any other it is one message, whatever is told before', async () => {
  const answer = await answered(false, async (replier) => {
    replier.notify('notifications/progress', { progress: 1 });
    await quiet(replier);
  });
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toEqual(END.body);
});

test('what is told comes before the answer', async () => {
  const answer = await answered(true, (replier) => {
    replier.notify('notifications/progress', { progress: 1 });
  });
  const messages = (await answer.text()).split('\n\n').filter((text) => text !== '');
  expect(messages).toEqual([
    'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}',
    'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}',
  ]);
});
