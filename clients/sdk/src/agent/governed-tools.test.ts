import { scriptedProvider } from '@sagewai/testing/scripted-provider';
import { describe, expect, test } from 'vitest';

import type { SagewaiClient } from '../client.ts';
import type { Workflow } from '../workflow/index.ts';
import { attempt, Shelf } from '../workflow/workflow-fixture.ts';
import { governedTools, UniversalAgent } from './index.ts';

interface Asked {
  readonly id: string;
  readonly body: { readonly step?: string; readonly idempotency_key?: string };
}

const TOOL = {
  name: 'drop',
  kind: 'http',
  mode: 'destructive',
  approval: false,
  enabled: true,
  description: 'Drops',
  timeout_ms: 1_000,
  input_schema: { type: 'object' },
};
const ANSWER = {
  call_id: 'c1',
  run_id: 'run',
  state: 'completed',
  result: { ok: true },
  error: null,
  message: null,
  repeated: false,
  attempt: 1,
};

/** What a server answers, in order; the last one again and again. */
function scripted(tools: readonly object[], answers: readonly object[]) {
  const asked: Asked[] = [];
  const call = (id: string, input: { readonly body?: Asked['body'] }) => {
    if (id === 'tools.listTools') return Promise.resolve({ tools });
    asked.push({ id, body: input.body ?? {} });
    return Promise.resolve({ ...ANSWER, ...(answers[asked.length - 1] ?? answers.at(-1)) });
  };
  return { asked, client: { call } as unknown as Pick<SagewaiClient, 'call'> };
}

const context = {
  signal: new AbortController().signal,
  idempotencyKey: null,
  depth: 0,
  charge: () => undefined,
};
const run = async (of: Parameters<typeof scripted>, more = {}) => {
  const { client, asked } = scripted(...of);
  const [tool] = await governedTools({ client, pollMs: 1, ...more });
  return { asked, answer: await tool?.run({ n: 1 } as never, context) };
};

describe('a governed tool', () => {
  test('is asked for by one key until somebody has decided, where its run cannot wait', async () => {
    const states = [{ state: 'waiting' }, { state: 'waiting' }, {}];
    const { asked, answer } = await run([[TOOL], states]);
    expect(answer).toEqual({ ok: true });
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ body }) => body.idempotency_key)).size).toBe(1);
  });

  test('says what a model must know of a call that has not completed', async () => {
    const ended = (state: string, message: string) =>
      run([[TOOL], [{ state, message, result: null }]]);
    await expect(ended('denied', 'not today')).rejects.toThrow('denied: not today');
    await expect(ended('failed', 'it is down')).rejects.toThrow('it is down');
    await expect(ended('unknown', 'late')).rejects.toThrow('do not repeat it');
  });

  test('that is a function of the worker is done here and reported', async () => {
    const tool = { ...TOOL, kind: 'worker', mode: 'local_write' };
    const functions = { drop: ({ n }: { n?: unknown }) => Number(n) + 1 };
    const { asked, answer } = await run([[tool], [{ state: 'running' }, { result: 2 }]], {
      functions,
    });
    expect(answer).toBe(2);
    expect(asked[1]).toMatchObject({ id: 'tools.reportToolCall', body: { attempt: 1, result: 2 } });
    const { client } = scripted([tool], []);
    expect(await governedTools({ client })).toEqual([]);
    await expect(governedTools({ client, names: ['drop'] })).rejects.toThrow('say what it does');
    await expect(governedTools({ client, names: ['none'] })).rejects.toThrow('no tool none');
  });

  test('of a durable run gives the place up until it is decided, and is one call to the server', async () => {
    const provider = await scriptedProvider([
      ({ body }, response) => {
        const told = body.messages?.some(({ role }) => role === 'tool') ?? false;
        const tool_calls = [{ id: 'c', function: { name: 'drop', arguments: '{}' } }];
        const message = told ? { content: 'Dropped.' } : { tool_calls };
        response.end(JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }));
      },
    ]);
    const { client, asked } = scripted([TOOL], [{ state: 'waiting' }, {}]);
    const workflow: Workflow<unknown, string> = async (ctx) => {
      const tools = await governedTools({ client });
      const config = { inference: { model: 'm', apiBase: provider.url }, tools };
      return new UniversalAgent({ name: 'janitor', config }).chat('Drop it.', { ctx });
    };
    const shelf = new Shelf();
    const waits = await attempt(workflow, shelf.open());
    expect(waits).toMatchObject({ kind: 'waits', wait: { for: 'signal', name: 'tool:c1' } });
    const resumed = {
      epoch: shelf.epoch,
      kind: 'signal',
      value: 'approved',
      by: 'token:1',
    } as const;
    const end = await attempt(workflow, shelf.open(undefined, resumed as never));
    expect(end).toMatchObject({ kind: 'completed', output: 'Dropped.' });
    expect(asked).toHaveLength(2);
    expect(new Set(asked.map(({ body }) => body.step))).toEqual(
      new Set(['run:janitor tool 1.1 drop#0']),
    );
  });
});
