import { expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { CHAT_OVER_CONVERSE, CONVERSE } from './converse.ts';

const image = { image: { format: 'png', source: { bytes: 'AAAA' } } };
const document = { document: { format: 'pdf', name: 'a', source: { bytes: 'AAAA' } } };

test('what is no text is counted wherever it stands (M1)', () => {
  const result = { toolResult: { toolUseId: 't', content: [image, document, { json: {} }] } };
  const counted = (body: object) => {
    const { images, opaque, isLong } = CONVERSE.read(body, {}).parts;
    return [images, opaque, isLong];
  };
  expect(counted({ messages: [{ content: [{ text: 'a' }, image, result] }] })).toEqual([
    2,
    1,
    false,
  ]);
  const guarded = { guardContent: { image: { format: 'png' } } };
  expect(counted({ messages: [], system: [{ text: 'a' }, guarded] })).toEqual([0, 1, false]);
  expect(counted({ messages: [{ '\\': [document] }] })).toEqual([0, 1, false]);
  const additionalModelRequestFields = { anthropic_beta: ['context-1m-2025-08-07'] };
  expect(counted({ messages: [], additionalModelRequestFields })).toEqual([0, 0, true]);
});

test.each([
  [{ toolConfig: { tools: [{ toolSpec: { name: 'f' } }, { cachePoint: {} }] } }, undefined],
  [{ toolConfig: { tools: [{ systemTool: { name: 'w' } }] } }, 'toolConfig.tools.systemTool'],
  [{ serviceTier: { type: 'priority' } }, 'serviceTier'],
  [{ additionalModelRequestFields: { top_k: 1 } }, undefined],
  [{ additionalModelRequestFields: { max_tokens: 9 } }, 'additionalModelRequestFields.max_tokens'],
])('what has a price of its own in %j is named (M4)', (body, unpriced) => {
  expect(CONVERSE.read({ messages: [], ...body }, {}).unpriced).toBe(unpriced);
});

const open = (of: { readonly outputCap?: number; readonly outputTokensMax?: number } = {}) =>
  CHAT_OVER_CONVERSE.open(
    { model: 'm', messages: [] },
    {
      deployment: deploymentAt('http://p.example', { outputTokensMax: of.outputTokensMax }),
      maxTokensDefault: 1,
      outputCap: of.outputCap,
      now: () => new Date(0),
      createdAt: 1,
      inputTokensEstimate: 1,
    },
  );

test('what was reserved for is sent as a cap, unless all that fits was (M1)', () => {
  const known = { outputTokensMax: 700 };
  expect(open(known).body['inferenceConfig']).toEqual({ maxTokens: 700 });
  expect(open({ ...known, outputCap: 9 }).body['inferenceConfig']).toEqual({ maxTokens: 9 });
  expect(open().body['inferenceConfig']).toBeUndefined();
  const bounds = {
    inputMax: 1,
    feesMax: 0n,
    outputMax: 700,
    mayCap: true,
    stated: undefined,
    capEach: undefined,
  };
  const capOf = (granted: number, of: object) =>
    CONVERSE.capFor(deploymentAt('http://p.example', of), {}, bounds, granted)?.tokens;
  expect(capOf(700, known)).toBe(700);
  expect(capOf(9, known)).toBe(9);
  expect(capOf(700, { outputTokensMax: undefined })).toBeUndefined();
});

test('answers of the same second have different names, which all chunks of one bear', () => {
  const [one, other] = [open(), open()];
  expect(one.answer({})['id']).not.toBe(other.answer({})['id']);
  const stream = one.stream();
  const chunks = [{ messageStart: {} }, { messageStop: {} }].flatMap((each) => stream.push(each));
  expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set([one.answer({})['id']]));
});
