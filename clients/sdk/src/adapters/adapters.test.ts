import { expect, test } from 'vitest';

import { attempt, Shelf } from '../testing/index.ts';
import { withInference } from '../workflow/index.ts';
import { durableModel, gatewayAddress } from './index.ts';

const AT = new Date('2026-11-28T10:00:00.000Z');

test('what a model has answered comes out of the journal as it was, without what was sent and received', async () => {
  let calls = 0;
  const doGenerate = async () => {
    calls += 1;
    const response = {
      id: 'r',
      timestamp: AT,
      headers: { 'set-cookie': 's=1' },
      body: { raw: 'hi' },
    };
    return { text: 'hi', request: { body: 'long' }, response };
  };
  const shelf = new Shelf();
  const outputs: unknown[] = [];
  for (const writesMax of [1, 9]) {
    const run = async (ctx: Parameters<typeof durableModel>[0]): Promise<void> => {
      outputs.push(await durableModel(ctx).wrapGenerate({ doGenerate }));
    };
    await attempt(run, shelf.open(writesMax));
  }
  expect(calls).toBe(1);
  const answered = { text: 'hi', response: { id: 'r', timestamp: AT } };
  expect(outputs).toEqual([answered, answered]);
  expect(() =>
    durableModel({ step: () => Promise.reject(new Error('none')) }).wrapStream(),
  ).toThrow(/generateText/);
});

test('the gateway is that of the run that is under way, and there is none outside of one', () => {
  const gateway = { url: 'http://server', token: 'rt-1.x' };
  expect(withInference({ gateway }, gatewayAddress)).toEqual({
    baseURL: 'http://server/v1',
    apiKey: 'rt-1.x',
  });
  expect(gatewayAddress).toThrow('no run is under way');
});
