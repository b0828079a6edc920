import { expect, test } from 'vitest';

import { hearNotices } from './hear-notices.ts';

const LINE = `${JSON.stringify({
  level: 'warn',
  message: 'the models file says something that is not done',
  line: 7,
  path: 'model_list[0].litellm_params.api_key',
  what: 'ÖPENAI_API_KEY is not set: this deployment is left out',
})}\n`;
const TOLD =
  'Models file, line 7: model_list[0].litellm_params.api_key: ÖPENAI_API_KEY is not set: this deployment is left out';

test('a deployment that is left out is told, wherever the log is split', () => {
  const bytes = Buffer.from(`{"message":"listening"}\n${LINE}{"message":"ready"}\n`);
  for (let at = 0; at <= bytes.length; at++) {
    const told: string[] = [];
    const hear = hearNotices((text) => told.push(text));
    hear(bytes.subarray(0, at));
    hear(bytes.subarray(at));
    expect(told).toEqual([TOLD]);
  }
});

test('anything else is not', () => {
  const told: string[] = [];
  const hear = hearNotices((text) => told.push(text));
  hear(Buffer.from('the models file says something that is not done\n{"a":1}\nno json\n'));
  hear(Buffer.from(`${'x'.repeat(1_000_000)}\n${LINE}`));
  expect(told).toEqual([TOLD]);
});
