import { expect, test } from 'vitest';

import { readMessages } from './read-messages.ts';

async function read(text: string, length: number): Promise<unknown[]> {
  const bytes = Buffer.from(text);
  async function* inPieces() {
    for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
  }
  const messages: unknown[] = [];
  for await (const one of readMessages(inPieces(), 'text/event-stream', () => undefined)) {
    messages.push(one);
  }
  return messages;
}

test.for([1, 2, 3, 7, 1_000])('events are the same in pieces of %i bytes', async (length) => {
  const text =
    ': begun\r\n\r\ndata: {"n":1}\n\nevent: x\ndata: {"n":\ndata: 2}\n\ndata: {"n":3}\r\rdata: {"é":4}';
  expect(await read(text, length)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { é: 4 }]);
});

test('a long event in small pieces is read once', async () => {
  const begunMs = performance.now();
  const [message] = await read(`data: {"text":"${'x'.repeat(4_000_000)}"}\n\n`, 256);
  expect(message).toMatchObject({ text: expect.any(String) });
  expect(performance.now() - begunMs).toBeLessThan(3_000);
});
