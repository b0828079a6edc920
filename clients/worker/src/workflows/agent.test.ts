import { describe, expect, test } from 'vitest';

import type { ModelRequest } from '../models/model-call.ts';
import { runAgent } from './agent.ts';
import type { ChildOutcome } from './workflow.ts';

const calls: ModelRequest[] = [];
const said: (string | number)[] = [];
const ended: ChildOutcome[] = [];
const run = (payload: unknown, model: string | null = null): ReturnType<typeof runAgent> => {
  calls.length = 0;
  said.length = 0;
  return runAgent({
    payload,
    model,
    resume: null,
    signal: new AbortController().signal,
    env: {},
    children: {
      submit: (name) => Promise.resolve(`id of ${name}`),
      outcomes: () => Promise.resolve([...ended]),
    },
    voice: {
      log: (text) => void said.push(text),
      progress: (fraction) => void said.push(fraction),
      emit: () => undefined,
    },
    callModel: (request) => {
      calls.push(structuredClone(request));
      return Promise.resolve({
        content: `answer ${calls.length}`,
        model: 'm-2026',
        finishReason: 'stop',
        inputTokens: 10,
        outputTokens: 2,
      });
    },
  });
};

describe('runAgent', () => {
  test('puts the turns to the model one after the other, with all that was said', async () => {
    const output = await run({
      agent: { name: 'a', model: 'm', system: 's', temperature: 0 },
      message: ['one', 'two'],
    });
    expect(calls[1]).toEqual({
      model: 'm',
      isExplicit: false,
      parameters: { temperature: 0 },
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'answer 1' },
        { role: 'user', content: 'two' },
      ],
    });
    expect(output).toEqual({
      agent: 'a',
      message: 'answer 2',
      model: 'm-2026',
      finish_reason: 'stop',
      answers: ['answer 1', 'answer 2'],
      usage: { input_tokens: 20, output_tokens: 4, calls: 2 },
    });
  });

  test('a turn may name a model of its own, and says that it does', async () => {
    await run({ agent: { model: 'm' }, message: ['one', { content: 'two', model: 'other' }] });
    expect(calls).toMatchObject([
      { model: 'm', isExplicit: false },
      { model: 'other', isExplicit: true, messages: [{}, {}, { role: 'user', content: 'two' }] },
    ]);
  });

  test('tells what it does, and nothing of what was said', async () => {
    await run({ agent: { name: 'a', model: 'm', system: 's' }, message: ['one', 'two'] });
    expect(said).toEqual([
      'turn 1 of 2: a calls m',
      'turn 1 of 2: m-2026 answered: 10 tokens in, 2 out (stop)',
      0.5,
      'turn 2 of 2: a calls m',
      'turn 2 of 2: m-2026 answered: 10 tokens in, 2 out (stop)',
      1,
    ]);
  });

  test('has its children done first, and the model reads what they have answered', async () => {
    const one = { id: 'x', state: 'completed', error: null };
    ended.push(
      { ...one, name: 'facts', output: { message: 'water is wet' } },
      { ...one, name: 'sums', output: [1, 2] },
    );
    const children = [
      { name: 'facts', payload: {} },
      { name: 'sums', payload: {} },
    ];
    await run({ agent: { model: 'm' }, message: 'why?', children });
    ended.length = 0;
    expect(said.slice(0, 3)).toEqual([
      'facts is run id of facts',
      'sums is run id of sums',
      '2 children are over',
    ]);
    expect(calls[0]?.messages).toEqual([
      { role: 'user', content: 'facts: water is wet\n\nsums: [1,2]' },
      { role: 'user', content: 'why?' },
    ]);
  });

  test('fails with a child that did not complete, and says which and why', async () => {
    ended.push({ name: 'facts', id: 'x', state: 'failed', output: null, error: 'no such model' });
    const payload = {
      agent: { model: 'm' },
      message: 'x',
      children: [{ name: 'facts', payload: {} }],
    };
    await expect(run(payload)).rejects.toThrow('its child facts failed: no such model');
    ended.length = 0;
  });

  test.each([
    [{}, /children must be a list/],
    [[1], /children must be a list/],
    [[{ payload: {} }], /children must be a list/],
    [[{ name: 'a' }], /children must be a list/],
    [
      [
        { name: 'a', payload: {} },
        { name: 'a', payload: {} },
      ],
      /same name/,
    ],
  ])('%j are no children', async (children, reason) => {
    await expect(run({ agent: { model: 'm' }, message: 'x', children })).rejects.toThrow(reason);
  });

  test('an agent without a model uses the one that routed the run', async () => {
    await run({ agent: {}, message: 'x' }, 'routed');
    expect(calls[0]?.model).toBe('routed');
  });

  test.each([
    [null, /payload must be an object/],
    [{ message: 'x' }, /agent must be an object/],
    [{ agent: { model: 'm' } }, /message must be text/],
    [{ agent: { model: 'm' }, message: [] }, /message must be text/],
    [{ agent: { model: 'm' }, message: [{ model: 'x' }] }, /message must be text/],
    [{ agent: { model: 'm' }, message: { content: 'x', model: 1 } }, /message must be text/],
    [{ agent: { model: 'm', system: 1 }, message: 'x' }, /system must be text/],
    [{ agent: {}, message: 'x' }, /model is missing/],
  ])('says what is wrong with %j', async (payload, reason) => {
    await expect(run(payload)).rejects.toThrow(reason);
  });
});
