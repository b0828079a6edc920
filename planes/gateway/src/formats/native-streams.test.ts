import { describe, expect, test } from 'vitest';

import { CrossTap } from '../bytes/cross-tap.ts';
import { eventFrame } from '../bytes/event-frames-fixture.ts';
import { EventFrames } from '../bytes/event-frames.ts';
import { deploymentAt } from '../gateway-fixture.ts';
import type { ProviderName } from '../providers/provider.ts';
import { bridgeTo } from './bridge.ts';
import { CHAT } from './chat.ts';

const REQUEST = { model: 'm', messages: [], stream: true, stream_options: { include_usage: true } };

const BEDROCK = [
  eventFrame('messageStart', { role: 'assistant' }),
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hé' } }),
  eventFrame('messageStop', { stopReason: 'end_turn' }),
  eventFrame('metadata', { usage: { inputTokens: 15, cacheReadInputTokens: 5, outputTokens: 12 } }),
];

/** What a client of chat is sent, in pieces as they come; the tap tells what was used. */
function cross(provider: ProviderName, pieces: readonly Buffer[]) {
  const endpoint = { provider, baseUrl: 'https://p.example', credential: null } as const;
  const deployment = deploymentAt('', { endpoint });
  const bridge = bridgeTo(deployment, 'chat');
  if (!bridge?.crossing) throw new Error('nothing to cross');
  const crossed = bridge.crossing.open(REQUEST, {
    deployment,
    maxTokensDefault: 10,
    outputCap: undefined,
    now: () => new Date(0),
    createdAt: 1,
    inputTokensEstimate: 1,
  });
  const tap = new CrossTap({
    client: CHAT,
    upstream: bridge.upstream,
    crossed,
    eventBytesMax: 9999,
  });
  const passed = pieces.map((piece) => tap.push(piece).toString()).join('') + tap.end().toString();
  // A name that is made for each answer.
  const text = (passed + tap.release().toString()).replaceAll(/chatcmpl-[\w-]{36}/g, 'chatcmpl-1');
  return { text, usage: tap.usage, isDone: tap.isDone, passed };
}

const usage = { promptTokenCount: 20, candidatesTokenCount: 5, thoughtsTokenCount: 7 };
const GEMINI = [
  { candidates: [{ content: { parts: [{ text: 'hé', thought: true }] } }], usageMetadata: usage },
  { candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: { a: '\r\n' } } }] } }] },
  {
    candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'STOP' }],
    usageMetadata: usage,
  },
]
  .map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`)
  .join('');

const EVENTS = new EventFrames().push(Buffer.concat(BEDROCK));

describe.each([
  ['gemini', Buffer.from(GEMINI), '"finish_reason":"tool_calls"'],
  ['bedrock', EVENTS, '"prompt_tokens":20'],
] as const)('a stream of %s', (provider, bytes, end) => {
  test('is the same wherever it is cut, and its end is held (M2)', () => {
    const whole = cross(provider, [bytes]);
    expect(whole.text).toContain(end);
    expect(whole.passed).not.toContain(end);
    expect(whole.isDone).toBe(true);
    expect(whole.usage).toMatchObject({ input: 20, output: 12 });
    for (let at = 1; at < bytes.length; at++) {
      expect(cross(provider, [bytes.subarray(0, at), bytes.subarray(at)]).text).toBe(whole.text);
    }
    const each = [...bytes].map((_, at) => bytes.subarray(at, at + 1));
    expect(cross(provider, each)).toEqual({ ...whole, passed: expect.any(String) });
  });

  test('that ends without its last event has not ended', () => {
    const cut = bytes.subarray(0, bytes.lastIndexOf('data:'));
    expect(cross(provider, [cut]).isDone).toBe(false);
  });
});
