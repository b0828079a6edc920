import { describe, expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { groupOf } from '../models/model-table.ts';
import { planBatch, readBatchLines } from './read-batch-lines.ts';

const line = (of: object = {}, body: object = {}): string =>
  JSON.stringify({
    custom_id: `${++ids}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 7, ...body },
    ...of,
  });
let ids = 0;

const fileOf = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\n'));
const GROUP = groupOf('m', [deploymentAt('http://x')]);
const planOf = (file: Buffer) => planBatch(readBatchLines(file), GROUP);

describe('the requests of a batch', () => {
  test('are bounded line by line, and sent with the provider’s own name of the model (B1, M5)', () => {
    const lines = [line(), line({}, { n: 3 }), ''];
    const one = planOf(fileOf(lines[0] ?? ''));
    const planned = planOf(fileOf(...lines));
    expect(planned.outputTokensMax).toBe(7 + 3 * 7);
    expect(planned.inputTokensMax).toBeGreaterThan(2 * one.inputTokensMax - 1);
    expect(planned.file.toString()).toBe(
      `${lines.slice(0, 2).join('\n').replaceAll('"model":"m"', '"model":"m-upstream"')}\n`,
    );
  });

  test('are UTF-8, or refused with their line', () => {
    const broken = Buffer.concat([
      Buffer.from(`${line()}\n`),
      Buffer.from(line()),
      Buffer.from('\n'),
    ]);
    broken[broken.indexOf('"hi"', broken.indexOf('\n')) + 1] = 0xff;
    expect(() => readBatchLines(broken)).toThrow(
      expect.objectContaining({ detail: 'body/file line 2: it is not UTF-8' }),
    );
  });

  test('get a cap where nothing else bounds what they are answered (M1)', () => {
    const open = {
      ...deploymentAt('http://x'),
      outputTokensMax: undefined,
      contextTokensMax: undefined,
    };
    const group = groupOf('m', [open]);
    const { file, outputTokensMax } = planBatch(
      readBatchLines(fileOf(line({}, { max_tokens: undefined }))),
      group,
    );
    const sent = JSON.parse(file.toString()) as { body: { max_tokens: number } };
    expect(sent.body.max_tokens).toBe(outputTokensMax);
  });

  test.each([
    ['another model', [line(), line({}, { model: 'dear' })]],
    ['another path', [line(), line({ url: '/v1/responses', body: { model: 'm', input: 'x' } })]],
    ['the same id twice', [line({ custom_id: 'a' }), line({ custom_id: 'a' })]],
    ['a stream', [line({}, { stream: true })]],
    ['no model', [line({}, { model: undefined })]],
    ['no messages', [line({}, { messages: undefined })]],
    ['an unknown path', [line({ url: '/v1/images/generations' })]],
    ['another method', [line({ method: 'GET' })]],
    ['no JSON', ['{']],
    ['nothing', ['', ' ']],
    ['a limit that is none', [line({}, { max_tokens: 0.5 })]],
    ['a limit below nothing', [line({}, { max_tokens: -5 })]],
    ['a tool of unknown price', [line({}, { web_search_options: {} })]],
    ['a tier of unknown price', [line({}, { service_tier: 'priority' })]],
    ['a model twice', [line().replace('"model":"m"', '"model":"m","Model":"dear"')]],
    ['a body twice', [line().replace('"method"', '"Body":{},"method"')]],
    [
      'what is kept elsewhere',
      [line({ url: '/v1/responses', body: { model: 'm', input: 'x', previous_response_id: 'r' } })],
    ],
  ])('with %s are refused (B1, M4)', (_, lines) => {
    expect(() => planOf(fileOf(...lines))).toThrow(Error);
  });
});
