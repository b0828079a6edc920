import {
  type Said,
  scriptedProvider,
  type ScriptedProvider,
} from '@sagewai/testing/scripted-provider';
import { describe, expect, test } from 'vitest';

import { inProcess, type StepContext, UniversalAgent } from '../agent/index.ts';
import {
  debate,
  parallel,
  planExecuteCritique,
  sequential,
  single,
  supervisor,
} from './strategies.ts';

/** A provider for each agent, so that they are answered in any order. */
async function team(answers: Readonly<Record<string, readonly Said[]>>) {
  const agents = new Map<string, UniversalAgent>();
  const providers = new Map<string, ScriptedProvider>();
  for (const [name, script] of Object.entries(answers)) {
    const provider = await scriptedProvider(script);
    const inference = { model: name, apiBase: provider.url, attemptsMax: 1 };
    agents.set(name, new UniversalAgent({ name, config: { inference } }));
    providers.set(name, provider);
  }
  const of = (name: string): UniversalAgent => agents.get(name) ?? expect.unreachable();
  const questions = (name: string): unknown[] =>
    (providers.get(name)?.asked ?? []).map(
      ({ body }) => body.messages?.findLast(({ role }) => role === 'user')?.content,
    );
  return { of, questions };
}

/** A journal that outlives its process, as far as steps are concerned. */
function journal(): { steps: Map<string, unknown>; ctx: () => StepContext } {
  const steps = new Map<string, unknown>();
  const ctx = (): StepContext => {
    const here = inProcess();
    return {
      signal: here.signal,
      step: async (name, work) => {
        if (!steps.has(name)) steps.set(name, await here.step(name, work));
        return structuredClone(steps.get(name)) as Awaited<ReturnType<typeof work>>;
      },
    };
  };
  return { steps, ctx };
}

describe('strategies', () => {
  test('single is one agent', async () => {
    const { of } = await team({ a: ['one'] });
    expect((await single(of('a'), '?')).text).toBe('one');
  });

  test('sequential hands each answer to the next, and ends where there is none', async () => {
    const { of, questions } = await team({ a: ['one'], b: ['two'] });
    const results = await sequential([of('a'), of('b')], '?');
    expect(results.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(questions('b')).toEqual(['one']);
    const cut = await team({
      a: [{ status: 200, json: { choices: [{ message: {}, finish_reason: 'length' }] } }],
      b: ['two'],
    });
    const short = await sequential([cut.of('a'), cut.of('b')], '?');
    expect(short.map(({ end }) => end)).toMatchObject([{ by: 'length' }]);
    expect(cut.questions('b')).toEqual([]);
  });

  test('parallel asks all at once, and answers in their order', async () => {
    const second = Promise.withResolvers<void>();
    const answer = (text: string) => JSON.stringify({ choices: [{ message: { content: text } }] });
    const { of } = await team({
      a: [(_, response) => void second.promise.then(() => response.end(answer('one')))],
      b: [
        (_, response) => {
          response.end(answer('two'));
          second.resolve();
        },
      ],
    });
    const results = await parallel([of('a'), of('b')], '?');
    expect(results.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('parallel ends the others when one fails', async () => {
    const closed = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { of } = await team({
      a: [
        (_, response) => {
          response.on('close', () => closed.resolve());
          arrived.resolve();
        },
      ],
      b: [
        (_, response) =>
          void arrived.promise.then(() => {
            response.statusCode = 401;
            response.end('{"error":{"message":"no key"}}');
          }),
      ],
    });
    await expect(parallel([of('a'), of('b')], '?')).rejects.toThrow('no key');
    await expect(closed.promise).resolves.toBeUndefined();
  });

  test('a supervisor asks its workers as tools, and their tokens count', async () => {
    const { of, questions } = await team({
      lead: [{ calls: [['facts', { input: 'the tower?' }]] }, 'It is 330 m.'],
      facts: ['330 m'],
    });
    const workers = [{ agent: of('facts'), description: 'Knows facts.' }];
    const result = await supervisor(of('lead'), workers, 'How tall?');
    expect(result).toMatchObject({ text: 'It is 330 m.', usage: { calls: 3 } });
    expect(questions('facts')).toEqual(['the tower?']);
  });

  test('a debate lets all read all, and a judge decide', async () => {
    const { of, questions } = await team({
      a: ['yes', 'yes!'],
      b: ['no', 'no!'],
      judge: ['maybe'],
    });
    const { verdict, rounds } = await debate([of('a'), of('b')], of('judge'), 'Is it?');
    expect(verdict.text).toBe('maybe');
    expect(rounds).toEqual([
      ['yes', 'no'],
      ['yes!', 'no!'],
    ]);
    expect(questions('a')[1]).toContain('b: no');
    expect(questions('judge')[0]).toContain('a: yes!\nb: no!');
  });

  test('a plan is done step by step, and what the critic objects to is done again', async () => {
    const { of, questions } = await team({
      planner: ['{"steps":["read","write"]}'],
      executor: ['read it', 'wrote it badly', 'wrote it well'],
      critic: ['{"accepted":true}', '{"accepted":false,"objection":"typos"}', '{"accepted":true}'],
    });
    const roles = { planner: of('planner'), executor: of('executor'), critic: of('critic') };
    const done = await planExecuteCritique(roles, 'A letter');
    expect(done).toEqual({
      text: 'wrote it well',
      steps: [
        { task: 'read', text: 'read it', objection: null },
        { task: 'write', text: 'wrote it well', objection: null },
      ],
    });
    expect(questions('executor')[2]).toContain('Mend it: typos');
  });

  test('what is not accepted in the end says so', async () => {
    const { of } = await team({
      planner: ['{"steps":["write"]}'],
      executor: ['bad'],
      critic: ['{"accepted":false,"objection":"typos"}'],
    });
    const roles = { planner: of('planner'), executor: of('executor'), critic: of('critic') };
    const { steps } = await planExecuteCritique(roles, 'A letter');
    expect(steps).toMatchObject([{ objection: 'typos' }]);
  });
});

describe('over a journal', () => {
  test('a strategy that is continued repeats no model call, and every step has its own name', async () => {
    const { of, questions } = await team({
      a: ['yes', 'yes!'],
      b: ['no', 'no!'],
      judge: ['maybe'],
    });
    const { steps, ctx } = journal();
    const once = await debate([of('a'), of('b')], of('judge'), 'Is it?', { ctx: ctx() });
    expect([...steps.keys()].toSorted()).toEqual([
      'judge/judge model 1',
      'round 1/1/a model 1',
      'round 1/2/b model 1',
      'round 2/1/a model 1',
      'round 2/2/b model 1',
    ]);
    // It died before the judge had spoken.
    steps.delete('judge/judge model 1');
    const again = await debate([of('a'), of('b')], of('judge'), 'Is it?', { ctx: ctx() });
    expect(again).toEqual(once);
    expect(['a', 'b', 'judge'].map((name) => questions(name).length)).toEqual([2, 2, 2]);
  });

  test('a tool that was called is not called again', async () => {
    let calls = 0;
    const provider = await scriptedProvider([
      { calls: [['count', {}]] },
      { status: 401, json: {} },
      'One.',
    ]);
    const agent = new UniversalAgent({
      name: 'counter',
      config: {
        inference: { model: 'm', apiBase: provider.url },
        tools: [
          {
            name: 'count',
            description: '',
            parameters: {},
            run: (_: unknown, { idempotencyKey }: { idempotencyKey: string | null }) => {
              calls += 1;
              return idempotencyKey;
            },
          },
        ],
      },
    });
    const { ctx } = journal();
    await expect(agent.chat('?', { ctx: ctx() })).rejects.toThrow('401');
    expect(await agent.chat('?', { ctx: ctx() })).toBe('One.');
    expect(calls).toBe(1);
    expect(JSON.stringify(provider.asked[2]?.body.messages)).toContain('count#2');
  });
});
