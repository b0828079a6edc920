/**
 * Streams as providers were seen to send them, and what is left of them when bytes are lost, doubled,
 * changed or exchanged. The corpus is in `corpus/`: a stream that once was read wrongly is added there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Secret } from '@sagewai/config';
import type { JsonObject } from '@sagewai/translate';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CrossTap } from '../bytes/cross-tap.ts';
import { StreamTap, type Tap } from '../bytes/stream-tap.ts';
import { bridgeTo } from '../formats/bridge.ts';
import { CHAT } from '../formats/chat.ts';
import { COMPLETIONS } from '../formats/completions.ts';
import type { Format } from '../formats/format.ts';
import { MESSAGES } from '../formats/messages.ts';
import { OLLAMA_CHAT } from '../formats/ollama.ts';
import { RESPONSES } from '../formats/responses.ts';
import { deploymentAt } from '../gateway-fixture.ts';

const SEED = 20_261_128;
const folder = join(import.meta.dirname, 'corpus');
const CORPUS = readdirSync(folder).map((name) => ({
  name,
  bytes: readFileSync(join(folder, name)),
}));

const EVENT_BYTES_MAX = 65_536;

interface Way {
  readonly name: string;
  readonly isPassed: boolean;
  readonly open: () => Tap;
}

const passing = (client: Format): Way => ({
  name: client.name,
  isPassed: true,
  open: () =>
    new StreamTap({ reading: client.stream, removeUsage: false, eventBytesMax: EVENT_BYTES_MAX }),
});

function crossing(
  client: Format,
  provider: 'anthropic' | 'compatible' | 'openai',
  ask: JsonObject,
): Way {
  const endpoint = { provider, baseUrl: 'http://x/v1', credential: new Secret('k') } as const;
  const deployment = deploymentAt('http://x/v1', { endpoint });
  const bridge = bridgeTo(deployment, client.name);
  const by = bridge?.crossing;
  if (!bridge || !by) throw new Error(`nothing leads from ${client.name} to ${provider}`);
  return {
    name: `${client.name} over ${bridge.upstream.name}`,
    isPassed: false,
    open: () => {
      const crossed = by.open(
        { model: 'm', stream: true, ...ask },
        {
          deployment,
          maxTokensDefault: 100,
          outputCap: undefined,
          now: () => new Date(0),
          createdAt: 1,
          inputTokensEstimate: 7,
        },
      );
      const { upstream } = bridge;
      return new CrossTap({ client, upstream, crossed, eventBytesMax: EVENT_BYTES_MAX });
    },
  };
}

const messages = [{ role: 'user', content: 'x' }];
const PASSING = [CHAT, COMPLETIONS, MESSAGES, RESPONSES].map(passing);
const CROSSING = [
  crossing(CHAT, 'anthropic', { messages }),
  crossing(MESSAGES, 'compatible', { messages, max_tokens: 9 }),
  crossing(RESPONSES, 'compatible', { input: 'x' }),
  crossing(RESPONSES, 'anthropic', { input: 'x' }),
  crossing(COMPLETIONS, 'openai', { prompt: 'x' }),
  crossing(OLLAMA_CHAT, 'compatible', { messages }),
];

function read({ open }: Way, pieces: readonly Buffer[]) {
  const tap = open();
  const early = Buffer.concat([...pieces.map((each) => Buffer.from(tap.push(each))), tap.end()]);
  const { usage, isDone, hasFailed, hasSpoken } = tap;
  const seen = tap.seen();
  return { early, late: tap.release(), usage, isDone, hasFailed, hasSpoken, seen };
}

const bytewise = (bytes: Buffer): Buffer[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

describe.each([...PASSING, ...CROSSING])('a stream of $name', (way) => {
  test.each(CORPUS)('like $name is the same cut at any byte, and in all of them', ({ bytes }) => {
    const whole = read(way, [bytes]);
    const told = (pieces: readonly Buffer[]) => {
      const { early, late, ...rest } = read(way, pieces);
      return { text: Buffer.concat([early, late]).toString('latin1'), ...rest };
    };
    const expected = told([bytes]);
    expect(told(bytewise(bytes))).toEqual(expected);
    // What is translated is whole events, whatever the cut: once for each is enough.
    const ends = way.isPassed ? bytes.length : 0;
    for (let at = 1; at < ends; at++) {
      expect(told([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
    }
    // T2. What ends it, if anything does, waits for its release.
    if (whole.isDone)
      expect(whole.early.toString()).not.toMatch(/data: \[DONE\]\r?\n|message_stop"/);
  });
});

interface Change {
  readonly kind: 'drop' | 'double' | 'write' | 'move';
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('drop', 'double', 'write', 'move'),
  at: fc.nat(4_000),
  length: fc.nat(60),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc
      .constantFrom(
        '\n\n',
        '\r',
        'data: ',
        '"usage":',
        '{',
        '}',
        '[DONE]',
        'null',
        '\\ud800',
        '\xff',
      )
      .map((text) => new Uint8Array(Buffer.from(text, 'latin1'))),
  ),
});

function spoil(bytes: Buffer, { kind, at, length, bytes: other }: Change): Buffer {
  const from = at % (bytes.length + 1);
  const to = Math.min(from + length, bytes.length);
  const [before, middle, after] = [
    bytes.subarray(0, from),
    bytes.subarray(from, to),
    bytes.subarray(to),
  ];
  switch (kind) {
    case 'drop':
      return Buffer.concat([before, after]);
    case 'double':
      return Buffer.concat([before, middle, middle, after]);
    case 'write':
      return Buffer.concat([before, other, after]);
    case 'move':
      return Buffer.concat([middle, before, after]);
  }
}

const spoilt = fc
  .tuple(fc.constantFrom(...CORPUS), fc.array(change, { minLength: 1, maxLength: 6 }))
  .map(([{ bytes }, changes]) => changes.reduce(spoil, bytes));
const options = { seed: SEED, numRuns: 400 };

describe('a stream that was spoilt', () => {
  test.each(PASSING)('passes as it is, and its usage is a number of tokens: $name (M5)', (way) => {
    fc.assert(
      fc.property(spoilt, (bytes) => {
        const { early, late, usage } = read(way, [bytes]);
        expect(Buffer.concat([early, late]).equals(bytes)).toBe(true);
        for (const tokens of Object.values(usage ?? {})) {
          expect(Number.isFinite(tokens) && tokens >= 0).toBe(true);
        }
      }),
      options,
    );
  });

  test.each(CROSSING)('comes out as events that a client can parse: $name', (way) => {
    fc.assert(
      fc.property(spoilt, (bytes) => {
        const { early, late } = read(way, [bytes]);
        const text = Buffer.concat([early, late]).toString();
        for (const line of text.split('\n')) {
          const isData = line.startsWith('data: ') && line !== 'data: [DONE]';
          if (isData) JSON.parse(line.slice(6));
          else if (line.startsWith('{')) JSON.parse(line);
          else
            expect(line === '' || line === 'data: [DONE]' || line.startsWith('event: ')).toBe(true);
        }
      }),
      options,
    );
  });
});
