import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { PRICE } from '../gateway-fixture.ts';
import { surfaceOf } from './batch-surface.ts';
import { OutputSum } from './sum-output.ts';

const manifest = {
  model: 'm',
  endpoint: '/v1/chat/completions',
  requests: 4,
  inputTokensMax: 400,
  outputTokensMax: 40,
};

const answered = (prompt: number, completion: number): string =>
  JSON.stringify({
    custom_id: 'a',
    response: {
      status_code: 200,
      body: { usage: { prompt_tokens: prompt, completion_tokens: completion } },
    },
  });
const FAILED = JSON.stringify({ custom_id: 'b', response: { status_code: 429, body: {} } });
const UNTOLD = JSON.stringify({ custom_id: 'c', response: { status_code: 200, body: {} } });

function sumOf(text: string, cuts: readonly number[] = [], lineBytesMax = 1_000) {
  const surface = surfaceOf(manifest);
  assert(surface);
  const sum = new OutputSum({ surface, price: PRICE, manifest }, lineBytesMax);
  const bytes = Buffer.from(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    sum.push(bytes.subarray(from, end));
    from = end;
  }
  return { ...sum.end(), isBroken: sum.isBroken };
}

test('lines are added up, whatever the network cuts them into; failed ones cost nothing (B2)', () => {
  const text = [answered(10, 2), FAILED, answered(5, 1)].join('\n');
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), fc.boolean(), (cuts, ends) => {
      expect(sumOf(text + (ends ? '\n' : ''), cuts)).toMatchObject({
        costPusd: 15n * 1_000n + 3n * 10_000n,
        inputTokens: 15,
        outputTokens: 3,
        isTold: true,
        isBroken: false,
      });
    }),
  );
});

test.each([
  ['does not tell', UNTOLD],
  ['is no JSON', '{'],
])('a line that %s is an estimate, and not 0 (M3)', (_, line) => {
  expect(sumOf(`${answered(10, 2)}\n${line}\n`)).toMatchObject({
    inputTokens: 110,
    outputTokens: 12,
    isTold: false,
  });
});

test('a line without end is no output', () => {
  expect(sumOf('x'.repeat(2_000)).isBroken).toBe(true);
});
