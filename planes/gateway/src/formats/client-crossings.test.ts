import { Secret } from '@sagewai/config';
import type { JsonObject } from '@sagewai/translate';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CrossTap } from '../bytes/cross-tap.ts';
import { deploymentAt } from '../gateway-fixture.ts';
import type { ProviderName } from '../providers/provider.ts';
import { bridgeTo } from './bridge.ts';
import { CHAT } from './chat.ts';
import { COMPLETIONS } from './completions.ts';
import type { Format } from './format.ts';
import { STREAM as MESSAGES_STREAM } from './messages-fixture.ts';
import { MESSAGES } from './messages.ts';
import { MIXED } from './mixed.ts';
import { OLLAMA_CHAT, OLLAMA_GENERATE } from './ollama.ts';
import { RESPONSES } from './responses.ts';

const chunk = (delta: object, finish_reason: string | null = null): string =>
  CHAT.frame({
    id: 'chatcmpl-1',
    model: 'x',
    choices: [{ index: 0, delta: delta as JsonObject, finish_reason }],
    usage: null,
  });
const CHAT_STREAM = [
  chunk({ role: 'assistant', content: '' }),
  ': a comment\r\n\r\n',
  chunk({ reasoning_content: 'hm' }),
  chunk({ content: 'hé' }),
  chunk({ content: 'llo' }),
  chunk({}, 'stop'),
  CHAT.frame({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } }),
  CHAT.lastFrame,
].join('');

interface Way {
  readonly client: Format;
  readonly ask: JsonObject;
  readonly provider: ProviderName;
  /** What its client reads as the end. */
  readonly last: string;
}

const said = { model: 'm', stream: true };
const WAYS: readonly Way[] = [
  {
    client: RESPONSES,
    ask: { ...said, input: 'x' },
    provider: 'compatible',
    last: '"response.completed"',
  },
  {
    client: RESPONSES,
    ask: { ...said, input: 'x' },
    provider: 'anthropic',
    last: '"response.completed"',
  },
  {
    client: COMPLETIONS,
    ask: { ...said, prompt: 'x' },
    provider: 'openai',
    last: 'data: [DONE]\n\n',
  },
  {
    client: OLLAMA_CHAT,
    ask: { ...said, messages: [{ role: 'user', content: 'x' }] },
    provider: 'compatible',
    last: '"done":true',
  },
  {
    client: OLLAMA_GENERATE,
    ask: { ...said, prompt: 'x' },
    provider: 'anthropic',
    last: '"done":true',
  },
  {
    client: MIXED,
    ask: { ...said, input: 'x' },
    provider: 'compatible',
    last: 'data: [DONE]\n\n',
  },
];

function open({ client, ask, provider }: Way) {
  const deployment = deploymentAt('http://x/v1', {
    endpoint: { provider, baseUrl: 'http://x/v1', credential: new Secret('k') },
  });
  const bridge = bridgeTo(deployment, client.name);
  if (!bridge?.crossing) throw new Error(`nothing leads from ${client.name} to ${provider}`);
  const crossed = bridge.crossing.open(ask, {
    deployment,
    maxTokensDefault: 100,
    outputCap: undefined,
    now: () => new Date(0),
    createdAt: 1,
    inputTokensEstimate: 7,
  });
  return { upstream: bridge.upstream, crossed };
}

function run(way: Way, pieces: readonly Buffer[]) {
  const { client } = way;
  const { upstream, crossed } = open(way);
  const tap = new CrossTap({ client, upstream, crossed, eventBytesMax: 65_536 });
  const early = Buffer.concat([...pieces.map((each) => Buffer.from(tap.push(each))), tap.end()]);
  return { tap, early: early.toString(), late: tap.release().toString() };
}

const bytesFor = (way: Way): Buffer =>
  Buffer.from(way.provider === 'anthropic' ? MESSAGES_STREAM.join('') : CHAT_STREAM);

describe.each(WAYS)('a stream for $client.name, from $provider', (way) => {
  const bytes = bytesFor(way);
  const whole = run(way, [bytes]);
  const told = (pieces: readonly Buffer[]) => {
    const { early, late, tap } = run(way, pieces);
    return { said: early + late, usage: tap.usage };
  };

  test('ends only when it may (M2), and is booked as its provider tells (M3)', () => {
    expect(whole.early).toContain('hé');
    expect(whole.early).toContain('llo');
    expect(whole.early).not.toContain(way.last);
    expect(whole.late).toContain(way.last);
    expect(whole.tap.usage?.output).toBe(5);
  });

  test('gives the same events when it is cut at any byte, and in any pieces', () => {
    const uncut = told([bytes]);
    for (let at = 0; at <= bytes.length; at++) {
      expect(told([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(uncut);
    }
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(told(pieces)).toEqual(uncut);
      }),
      { numRuns: 30 },
    );
  });

  test('that fails midway ends with the client’s own error, which is held (M2)', () => {
    const error =
      way.provider === 'anthropic'
        ? MESSAGES.frame({ type: 'error', error: { type: 'overloaded_error', message: 'busy' } })
        : CHAT.frame({ error: { message: 'busy', code: 503 } });
    const half = bytes.subarray(0, bytes.indexOf('llo'));
    const events = half.subarray(0, half.lastIndexOf('\n\n') + 2);
    const { tap, early, late } = run(way, [events, Buffer.from(error)]);
    expect(tap.hasFailed).toBe(true);
    expect(early).toContain('hé');
    expect(early).not.toContain('busy');
    expect(late).toContain('busy');
    expect(late).not.toContain(way.last);
  });
});

test('a refusal is told in the words of its client', () => {
  const refusal = { error: { message: 'too long', type: 'invalid_request_error', code: 'x' } };
  const told = WAYS.filter(({ provider }) => provider !== 'anthropic').map((way) => [
    way.client.name,
    open(way).crossed.error(refusal, 400),
  ]);
  expect(told).toEqual([
    ['responses', refusal],
    ['completions', refusal],
    ['ollama-chat', { error: 'too long' }],
    ['mixed', refusal],
  ]);
});
