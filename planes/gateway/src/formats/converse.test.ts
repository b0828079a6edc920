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

test('answers of the same second have different names, which all chunks of one bear', () => {
  const open = () =>
    CHAT_OVER_CONVERSE.open(
      { model: 'm', messages: [] },
      {
        deployment: deploymentAt('http://p.example'),
        maxTokensDefault: 1,
        outputCap: undefined,
        now: () => new Date(0),
        createdAt: 1,
        inputTokensEstimate: 1,
      },
    );
  const [one, other] = [open(), open()];
  expect(one.answer({})['id']).not.toBe(other.answer({})['id']);
  const stream = one.stream();
  const chunks = [{ messageStart: {} }, { messageStop: {} }].flatMap((each) => stream.push(each));
  expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set([one.answer({})['id']]));
});
