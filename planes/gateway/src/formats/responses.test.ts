import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { StreamTap } from '../bytes/stream-tap.ts';
import { countItems } from './responses-parts.ts';
import { RESPONSES } from './responses.ts';

const ask = (fields: object) => RESPONSES.read({ model: 'm', ...fields }, {});

describe('what a request of Responses may cost (M1, M4)', () => {
  test('counts pictures, and takes what it does not know for anything', () => {
    const count = (input: unknown, more: object = {}) =>
      countItems({ model: 'm', input: input as never, ...more });
    expect(count('text')).toEqual({ images: 0, opaque: 0, isLong: false });
    expect(
      count([
        { role: 'user', content: [{ type: 'input_text' }, { type: 'input_image' }] },
        { type: 'function_call_output', output: [{ type: 'input_image' }] },
        { type: 'reasoning', summary: [], encrypted_content: 'x' },
      ]),
    ).toMatchObject({ images: 2, opaque: 0 });
    for (const item of [
      null,
      { type: 'computer_call_output' },
      { type: 7 },
      { role: 'user', '\\': 'hidden' },
      { role: 'user', content: [{ type: 'input_file' }] },
      { role: 'user', content: [null] },
    ]) {
      expect(count([item]).opaque).toBe(1);
    }
    expect(count('x', { prompt: { id: 'pmpt_1' } }).opaque).toBe(1);
    expect(count('x', { tools: [{ type: 'file_search' }] }).opaque).toBe(1);
    expect(count('x', { tools: [{ type: 'function' }, { type: 'custom' }] }).opaque).toBe(0);
  });

  test('names tools that the provider runs, and tiers with prices of their own', () => {
    expect(ask({ tools: [{ type: 'custom' }, { type: 'web_search' }] }).unpriced).toBe(
      'tools.web_search',
    );
    expect(ask({ tools: [null] }).unpriced).toBe('tools.unknown');
    expect(ask({ service_tier: 'priority' }).unpriced).toBe('service_tier');
    expect(ask({ service_tier: 'auto', tools: null }).unpriced).toBeUndefined();
  });
});

const eventOf = (data: { readonly type: string } & Record<string, unknown>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const usage = { input_tokens: 9, input_tokens_details: { cached_tokens: 2 }, output_tokens: 3 };
const said = eventOf({ type: 'response.output_text.delta', delta: '"response.completed" é' });
const ends = (type: string) => eventOf({ type, response: { usage } });

describe('a stream of Responses', () => {
  test('is held at its last event, with its usage, however its bytes are cut (T1, T2)', () => {
    const stream = Buffer.from(
      eventOf({ type: 'response.created', response: { usage: null, error: null } }) +
        said +
        said +
        ends('response.completed'),
    );
    const last = Buffer.byteLength(ends('response.completed'));
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const tap = new StreamTap({
          reading: RESPONSES.stream,
          removeUsage: false,
          eventBytesMax: 10_000,
        });
        let passed = '';
        let from = 0;
        for (const to of [...cuts.toSorted((a, b) => a - b), stream.length]) {
          passed += tap.push(stream.subarray(from, to)).toString('latin1');
          from = to;
        }
        expect(passed).toBe(stream.subarray(0, -last).toString('latin1'));
        expect(tap.isDone).toBe(true);
        expect(tap.usage).toMatchObject({ input: 9, cachedInput: 2, output: 3 });
        expect(tap.seen().outputChunks).toBe(2);
        expect(tap.release().toString()).toBe(ends('response.completed'));
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['response.completed', 'last'],
    ['response.incomplete', 'last'],
    ['response.failed', 'failure'],
    ['error', 'failure'],
    ['response.output_text.delta', 'content'],
  ])('ends with %s as %s', (type, kind) => {
    const reader = RESPONSES.stream.open();
    expect(reader.read(JSON.stringify({ type, response: { usage } }))).toBe(kind);
    expect(reader.usage === undefined).toBe(kind === 'content' || type === 'error');
  });
});
