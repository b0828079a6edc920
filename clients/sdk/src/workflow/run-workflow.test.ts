import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Workflow } from './context.ts';
import { NonDeterministic, StepFailed, Unrecoverable } from './errors.ts';
import { attempt, Killed, Shelf } from './workflow-fixture.ts';

type Program = Workflow<unknown, unknown>;

/** Five steps; says what was really done. */
const fiveSteps =
  (effects: string[]): Program =>
  async (ctx) => {
    const answers: unknown[] = [];
    for (let at = 1; at <= 5; at += 1) {
      const say = ({ idempotencyKey }: { idempotencyKey: string }): string => {
        effects.push(idempotencyKey);
        return `${at} is done`;
      };
      answers.push(await ctx.step(at % 2 === 0 ? 'even' : 'odd', say), ctx.random(), ctx.now());
    }
    return answers;
  };

const KEYS = ['run:odd#0', 'run:even#0', 'run:odd#1', 'run:even#1', 'run:odd#2'];

describe('a run that is killed', () => {
  test.for([0, 1, 2, 3, 4, 5])(
    'after %i steps goes on, and repeats none that has finished (R1, J1)',
    async (writesMax) => {
      const undisturbed = await attempt(fiveSteps([]), new Shelf().open(), { wallClock: clock() });
      const effects: string[] = [];
      const shelf = new Shelf();
      const wallClock = clock();
      const first = await attempt(fiveSteps(effects), shelf.open(writesMax), { wallClock });
      expect(first.kind).toBe(writesMax < 5 ? 'failed' : 'completed');
      const second = await attempt(fiveSteps(effects), shelf.open(), { wallClock });
      // J2. Of the step whose end was not journaled the effect came twice, under one key.
      const inBetween = KEYS.slice(writesMax, writesMax + 1);
      expect(effects.toSorted()).toEqual([...KEYS, ...inBetween].toSorted());
      expect(second.kind).toBe('completed');
      if (second.kind !== 'completed' || undisturbed.kind !== 'completed') return;
      const said = second.output as unknown[];
      const numbers = (all: unknown[]): unknown[] => all.filter((one) => typeof one === 'number');
      expect(numbers(said)).toEqual(numbers(undisturbed.output as unknown[]));
      expect((await attempt(fiveSteps(effects), shelf.open())) as unknown).toEqual(second);
    },
  );

  test('anywhere, however its branches overtake each other, does each step to its end once', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(delays, fc.array(fc.integer({ min: 0, max: 4 })), async (waits, kills) => {
        const shelf = new Shelf();
        // Each attempt says it for itself: of one that is dead something may still be heard.
        const programOf =
          (ended: string[]): Program =>
          (ctx) =>
            Promise.all(
              ['a', 'b', 'c'].map(async (branch, at) => {
                for (let turn = 0; turn < 4; turn += 1) {
                  await ctx.step(`${branch}${turn}`, async ({ key }) => {
                    for (let wait = 0; wait < (waits[at * 4 + turn] ?? 0); wait += 1) {
                      await Promise.resolve();
                    }
                    return key;
                  });
                  ended.push(`${branch}${turn}`);
                }
                return branch;
              }),
            );
        for (const writesMax of kills) await attempt(programOf([]), shelf.open(writesMax));
        const ended: string[] = [];
        expect(await attempt(programOf(ended), shelf.open())).toEqual({
          kind: 'completed',
          output: ['a', 'b', 'c'],
        });
        expect(ended).toHaveLength(12);
        expect(shelf.steps.size).toBe(12);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a program that is another one', () => {
  const first: Program = async (ctx) => {
    await ctx.step('reserve', () => 1);
    await ctx.step('pay', () => 2);
    throw new Error('later');
  };

  test.for<{ why: string; program: Program; expected: string; found: string }>([
    {
      why: 'asks for another step',
      program: async (ctx) => {
        await ctx.step('reserve', () => 1);
        await ctx.step('refund', () => expect.unreachable());
      },
      expected: 'step pay#0',
      found: 'step refund#0',
    },
    {
      why: 'ends too soon',
      program: async (ctx) => ctx.step('reserve', () => 1),
      expected: 'step pay#0',
      found: 'the end of the workflow',
    },
    {
      why: 'waits where it did not',
      program: async (ctx) => {
        await ctx.step('reserve', () => 1);
        await ctx.waitFor({ signal: 'go' });
      },
      expected: 'step pay#0',
      found: 'signal go#0',
    },
    {
      why: 'sleeps where it did something',
      program: async (ctx) => {
        await ctx.sleep('reserve', 1);
      },
      expected: 'step reserve#0',
      found: 'sleep reserve#0',
    },
  ])('is found when it $why, and nothing of it is done (R2, R3)', async (row) => {
    const shelf = new Shelf();
    await attempt(first, shelf.open());
    const end = await attempt(row.program, shelf.open());
    expect(end).toMatchObject({ kind: 'failed', retry: false });
    const { error } = end as { error: NonDeterministic };
    expect(error).toBeInstanceOf(NonDeterministic);
    expect(error).toMatchObject({ expected: row.expected, found: row.found });
    expect(error.message).toContain(`expected ${row.expected}, found ${row.found}`);
    expect(shelf.steps.size).toBe(2);
  });

  test('is found by an input that has changed', async () => {
    const pay =
      (amount: number): Program =>
      async (ctx) => {
        await ctx.step('pay', () => 1, { input: { amount } });
        await ctx.step('tell', () => 1);
      };
    const shelf = new Shelf();
    await attempt(pay(1), shelf.open(1));
    const end = await attempt(pay(2), shelf.open());
    expect((end as { error: Error }).error.message).toContain('expected step pay#0 with the input');
    expect(await attempt(pay(1), shelf.open())).toMatchObject({ kind: 'completed' });
  });
});

describe('a step that fails', () => {
  const flaky =
    (fails: number, tried: number[]): Program =>
    (ctx) =>
      ctx.step('flaky', ({ tried: at }) => {
        tried.push(at);
        if (tried.length <= fails) throw new Error('not yet');
        return 'well';
      });

  test('is done again by the next attempt, when the program ends by it', async () => {
    const [shelf, tried] = [new Shelf(), [] as number[]];
    const first = await attempt(flaky(1, tried), shelf.open());
    expect(first).toMatchObject({ kind: 'failed', retry: true });
    expect((first as { error: Error }).error).toBeInstanceOf(StepFailed);
    expect(await attempt(flaky(1, tried), shelf.open())).toEqual({
      kind: 'completed',
      output: 'well',
    });
    expect(tried).toEqual([1, 2]);
  });

  test('stays failed, when the program has gone on', async () => {
    const shelf = new Shelf();
    const compensating: Program = async (ctx) => {
      try {
        return await ctx.step('pay', () => {
          throw new Error('declined');
        });
      } catch (error) {
        await ctx.step('refund', () => 1);
        throw error;
      }
    };
    expect(await attempt(compensating, shelf.open())).toMatchObject({ retry: false });
    expect(await attempt(compensating, shelf.open())).toMatchObject({ retry: false });
    expect([...shelf.steps.values()].map(({ state }) => state)).toEqual(['failed', 'completed']);
  });

  test('for good is not tried again', async () => {
    const tried: number[] = [];
    const program: Program = (ctx) =>
      ctx.step(
        'no',
        ({ tried: at }) => {
          tried.push(at);
          throw new Unrecoverable('never');
        },
        { retries: 5, retryDelayMs: 0 },
      );
    expect(await attempt(program, new Shelf().open())).toMatchObject({ retry: false });
    expect(tried).toEqual([1]);
  });

  test('is tried as often as it says', async () => {
    const tried: number[] = [];
    const program: Program = (ctx) =>
      ctx.step(
        'twice',
        ({ tried: at }) => {
          tried.push(at);
          if (at < 3) throw new Error('not yet');
          return at;
        },
        { retries: 2, retryDelayMs: 0 },
      );
    const shelf = new Shelf();
    expect(await attempt(program, shelf.open())).toEqual({ kind: 'completed', output: 3 });
    expect(shelf.steps.get('twice#0')).toMatchObject({ tries: 3 });
  });
});

describe('a program that waits', () => {
  const asks: Program = async (ctx) => {
    await ctx.step('before', () => 1);
    const answer = await ctx.waitFor({ approval: 'pay', prompt: 'Pay?' });
    return answer.kind;
  };
  const approved = { kind: 'approved', value: null, by: 'somebody' } as const;

  test('gives its place up, and goes on by the answer to that very wait (J3)', async () => {
    const shelf = new Shelf();
    expect(await attempt(asks, shelf.open())).toEqual({
      kind: 'waits',
      wait: { for: 'approval', name: 'pay', prompt: 'Pay?' },
    });
    // The answer to a wait that had begun under another lease is not this one's.
    const stale = shelf.open(Number.POSITIVE_INFINITY, { ...approved, epoch: 7 });
    expect(await attempt(asks, stale)).toMatchObject({ kind: 'waits' });
    const answered = shelf.open(Number.POSITIVE_INFINITY, { ...approved, epoch: shelf.epoch });
    expect(await attempt(asks, answered)).toEqual({ kind: 'completed', output: 'approved' });
    // Once journaled, it needs no answer any more.
    expect(await attempt(asks, shelf.open())).toEqual({ kind: 'completed', output: 'approved' });
  });

  test('sleeps what is left of it, however often it is killed', async () => {
    const shelf = new Shelf();
    let now = Date.parse('2026-11-28T10:00:00Z');
    const wallClock = (): Date => new Date(now);
    const sleeps: Program = (ctx) => ctx.sleep('a day', 86_400_000);
    const wait = (await attempt(sleeps, shelf.open(), { wallClock })) as { wait: object };
    expect(wait).toMatchObject({ wait: { for: 'signal', timeoutSeconds: 86_400 } });
    now += 80_000_000;
    const rest = await attempt(sleeps, shelf.open(), { wallClock });
    expect(rest).toMatchObject({ wait: { timeoutSeconds: 6_400 } });
    now += 6_400_000;
    expect(await attempt(sleeps, shelf.open(), { wallClock })).toMatchObject({ kind: 'completed' });
  });

  test('lets what runs beside it end before', async () => {
    const shelf = new Shelf();
    const done = Promise.withResolvers<void>();
    const both: Program = (ctx) =>
      Promise.all([ctx.waitFor({ signal: 'go' }), ctx.step('beside', () => done.promise)]);
    const ending = attempt(both, shelf.open());
    setTimeout(() => done.resolve(), 20);
    expect(await ending).toMatchObject({ kind: 'waits' });
    expect(shelf.steps.get('beside#0')).toMatchObject({ state: 'completed' });
  });

  test('is given what its child has answered, and fails with it', async () => {
    const shelf = new Shelf();
    const ends = new Map<string, { state: 'completed' | 'failed'; output: unknown; error: null }>();
    const submitted: string[] = [];
    const children = {
      submit: async (key: string) => {
        submitted.push(key);
        return key;
      },
      find: async (id: string) => ends.get(id) ?? null,
    };
    const program: Program = async (ctx) => {
      const one = await ctx.child('one', { workflow: 'w', input: 1 });
      return [
        one,
        await ctx.child('two', { workflow: 'w' }).catch((error: Error) => error.message),
      ];
    };
    const waits = { kind: 'waits', wait: { for: 'children' } };
    expect(await attempt(program, shelf.open(), { children })).toMatchObject(waits);
    ends.set('one#0', { state: 'completed', output: 'well', error: null });
    expect(await attempt(program, shelf.open(), { children })).toMatchObject(waits);
    ends.set('two#0', { state: 'failed', output: null, error: null });
    expect(await attempt(program, shelf.open(), { children })).toEqual({
      kind: 'completed',
      output: ['well', 'step two#0 failed: run two#0 failed'],
    });
    expect(submitted).toEqual(['one#0', 'one#0', 'two#0', 'two#0']);
  });
});

test('a program sees what was journaled, at first too (J1)', async () => {
  const shelf = new Shelf();
  const seen: unknown[] = [];
  const program: Program = async (ctx) => {
    seen.push(
      await ctx.step('when', () => ({ at: new Date(0), none: undefined, secret: 's3cret' })),
    );
  };
  const redact = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('s3cret', '[redacted]'));
  await attempt(program, shelf.open(), { redact });
  await attempt(program, shelf.open(), { redact });
  expect(seen[0]).toEqual({ at: '1970-01-01T00:00:00.000Z', secret: '[redacted]' });
  expect(seen[1]).toEqual(seen[0]);
});

test('a run that is stopped ends, and journals no failure', async () => {
  const shelf = new Shelf();
  const stop = new AbortController();
  const program: Program = (ctx) =>
    ctx.step('long', ({ signal }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      stop.abort(new Killed('stopped'));
      return promise;
    });
  const end = await attempt(program, shelf.open(), { signal: stop.signal });
  expect(end).toMatchObject({ kind: 'failed', error: expect.any(Killed) });
  expect(shelf.steps.size).toBe(0);
});

function clock(): () => Date {
  let now = Date.parse('2026-11-28T10:00:00Z');
  return () => new Date((now += 1_000));
}
