import { expect, test } from 'vitest';

import { readEvents, type ServerEvent } from './read-events.ts';

async function read(pieces: Iterable<string>): Promise<ServerEvent[]> {
  const encoder = new TextEncoder();
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield encoder.encode(piece);
  }
  const seen: ServerEvent[] = [];
  for await (const event of readEvents(body())) seen.push(event);
  return seen;
}

function* repeated(text: string, times: number, end = ''): Generator<string> {
  for (let at = 0; at < times; at += 1) yield text;
  yield end;
}

test.each([
  ['lines', 'data: 1\n\n'],
  ['returns', 'data: 1\r\r'],
  ['both', 'data: 1\r\n\r\n'],
])('an event is the same, however it is cut: %s', async (_name, text) => {
  const event = { id: '', event: 'message', data: '1' };
  expect(await read([text])).toEqual([event]);
  expect(await read(`${text}${text}`.split(''))).toEqual([event, event]);
});

test('an event without an end is no event, also of many lines', async () => {
  const line = `data: ${'x'.repeat(99_990)}\n`;
  await expect(read(repeated(line, 100))).rejects.toThrow('has no end');
  await expect(read(repeated('x'.repeat(100_000), 100))).rejects.toThrow('has no end');
  await expect(read(repeated(`id: ${'x'.repeat(99_990)}\n`, 100))).rejects.toThrow('has no end');
  expect(await read(repeated(`${line}\n`, 100))).toHaveLength(100);
});

test('a long line in many pieces is looked through once', async () => {
  const looks = { times: 0 };
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was found
  const split = String.prototype.split;
  String.prototype.split = function counted(this: string, ...given: [never]) {
    looks.times += 1;
    return split.apply(this, given);
  } as typeof split;
  try {
    expect(await read(repeated('data', 1, `: ${'x'.repeat(1_000)}\n\n`))).toHaveLength(1);
    await read(repeated('x', 10_000, '\n\n'));
  } finally {
    String.prototype.split = split;
  }
  expect(looks.times).toBeLessThan(10);
});
