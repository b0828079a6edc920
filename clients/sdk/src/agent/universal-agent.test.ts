import {
  type Said,
  scriptedProvider,
  type ScriptedProvider,
} from '@sagewai/testing/scripted-provider';
import { describe, expect, test } from 'vitest';

import {
  type AgentConfig,
  type AgentEvent,
  AgentStopped,
  createShortTermMemory,
  defineTool,
  type Tool,
  UniversalAgent,
} from './index.ts';

const QUESTION = { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] };

const capital = defineTool<{ of: string }>({
  name: 'capital',
  description: 'The capital of a country.',
  parameters: QUESTION,
  run: ({ of }) => ({ capital: of === 'France' ? 'Paris' : 'unknown' }),
});

const toolThat = (run: Tool['run'], more: Partial<Tool> = {}): Tool => ({
  name: 'capital',
  description: '',
  parameters: QUESTION,
  run,
  ...more,
});

async function agentOf(
  script: readonly Said[],
  config: Partial<AgentConfig> = {},
): Promise<{ agent: UniversalAgent; provider: ScriptedProvider }> {
  const provider = await scriptedProvider(script);
  const inference = { model: 'm', apiBase: provider.url, apiKey: 'sk-1' };
  return {
    provider,
    agent: new UniversalAgent({ name: 'guide', config: { inference, ...config } }),
  };
}

const CALL: Said = { calls: [['capital', { of: 'France' }]] };

/** What the model was told of its latest calls. */
const told = ({ asked }: ScriptedProvider): unknown[] =>
  (asked.at(-1)?.body.messages ?? [])
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => content);

describe('an agent', () => {
  test('answers, with its instructions and its key', async () => {
    const { agent, provider } = await agentOf(['Hello!'], { system: 'Be kind.' });
    expect(await agent.chat('Hi')).toBe('Hello!');
    expect(provider.asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-1' },
      body: {
        model: 'm',
        stream: false,
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: 'Hi' },
        ],
      },
    });
  });

  test('has its tools run at once, and told in the order in which they were asked for', async () => {
    const both = Promise.withResolvers<void>();
    const running: string[] = [];
    const tool = toolThat(async ({ of }: { of: string }) => {
      running.push(of);
      if (running.length === 2) both.resolve();
      await both.promise;
      return `capital of ${of}`;
    });
    const calls: Said = {
      calls: [
        ['capital', { of: 'France' }],
        ['capital', { of: 'Spain' }],
      ],
    };
    const { agent, provider } = await agentOf([calls, 'Paris and Madrid'], { tools: [tool] });
    const result = await agent.run('Which?');
    expect(result).toMatchObject({
      end: { kind: 'answered' },
      text: 'Paris and Madrid',
      usage: { calls: 2, inputTokens: 20, outputTokens: 4 },
    });
    expect(told(provider)).toEqual(['capital of France', 'capital of Spain']);
  });

  test('streams what happens, and the result last', async () => {
    const { agent } = await agentOf([CALL, 'It is Paris.'], { tools: [capital] });
    const events: AgentEvent[] = [];
    for await (const event of agent.stream('Which?')) events.push(event);
    const text = events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
    expect(text).toBe('It is Paris.');
    expect(events.map(({ kind }) => kind)).toEqual([
      'model',
      'call',
      'result',
      'model',
      'text',
      'text',
      'text',
      'end',
    ]);
    expect(events.at(-1)).toMatchObject({ result: { text: 'It is Paris.', usage: { calls: 2 } } });
  });

  test('whoever leaves a stream ends its run', async () => {
    const closed = Promise.withResolvers<void>();
    const { agent } = await agentOf([
      (_, response) => {
        response.on('close', () => closed.resolve());
        response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
      },
    ]);
    for await (const { kind } of agent.stream('Hi')) if (kind === 'text') break;
    await expect(closed.promise).resolves.toBeUndefined();
  });

  test('an abort ends it with its reason, within a tool too', async () => {
    const abort = new AbortController();
    const tool = toolThat(() => {
      abort.abort(new Error('enough'));
      return new Promise(() => undefined);
    });
    const { agent } = await agentOf([CALL], { tools: [tool] });
    await expect(agent.run('Which?', { signal: abort.signal })).rejects.toThrow('enough');
  });

  test.each<[string, Said, Partial<Tool>, RegExp]>([
    ['is not there', { calls: [['weather', {}]] }, {}, /no tool "weather"; there are: capital/],
    ['gets broken JSON', { calls: [['capital', '{"of": ']] }, {}, /no JSON/],
    ['gets no object', { calls: [['capital', '[1]']] }, {}, /must be a JSON object/],
    ['gets wrong arguments', { calls: [['capital', { of: 1 }]] }, {}, /of must be string/],
    ['misses an argument', { calls: [['capital', {}]] }, {}, /of is missing/],
    ['throws', CALL, { run: () => Promise.reject(new Error('no map')) }, /^error: no map$/],
    ['throws at once', CALL, { run: () => JSON.parse('{') as unknown }, /^error: /],
    ['hangs', CALL, { run: () => new Promise(() => undefined), timeoutMs: 20 }, /within 0.02 s/],
    ['cannot be told', CALL, { run: () => 1n }, /^error: .*BigInt/],
    ['has no person to ask', CALL, { needsApproval: true }, /nobody has approved/],
  ])('a tool that %s is an error that the model reads', async (_, call, more, why) => {
    const { agent, provider } = await agentOf([call, 'Sorry.'], {
      tools: [{ ...capital, ...more }],
    });
    expect(await agent.chat('Which?')).toBe('Sorry.');
    expect(told(provider)).toEqual([expect.stringMatching(why)]);
  });

  test('ten megabytes of a tool are cut off', async () => {
    const tool = toolThat(() => 'x'.repeat(10_000_000));
    const { agent, provider } = await agentOf([CALL, 'Long.'], { tools: [tool] });
    await agent.chat('Which?');
    const [text] = told(provider);
    expect(String(text)).toHaveLength(50_000 + '\n[9950000 more characters are left out]'.length);
  });

  test('a person decides about a tool that needs it, and sees what it is asked for', async () => {
    const seen: unknown[] = [];
    const { agent, provider } = await agentOf([CALL, 'a', CALL, 'b'], {
      tools: [{ ...capital, needsApproval: true }],
    });
    await agent.run('Which?', {
      approve: (call) => {
        seen.push(call);
        return { kind: 'approved' };
      },
    });
    expect(told(provider)).toEqual(['{"capital":"Paris"}']);
    expect(seen).toEqual([{ agent: 'guide', tool: 'capital', arguments: '{"of":"France"}' }]);
    await agent.run('Which?', { approve: () => ({ kind: 'denied', reason: 'not today' }) });
    expect(told(provider)).toEqual(['error: refused: not today']);
  });

  test('an answer that does not keep to the schema is asked for again, and twice at most', async () => {
    const output = { name: 'city', schema: { type: 'object', required: ['city'] } };
    const { agent, provider } = await agentOf(['Paris', '{}', '```json\n{"city":"Paris"}\n```'], {
      output,
    });
    expect(await agent.run('Which?')).toMatchObject({ output: { city: 'Paris' } });
    expect(provider.asked[2]?.body.messages?.at(-1)?.content).toMatch(/city is missing/);
    expect(provider.asked[0]?.body['response_format']).toMatchObject({ type: 'json_schema' });
    const stubborn = await agentOf(['Paris'], { output });
    const { end } = await stubborn.agent.run('Which?');
    expect(end).toMatchObject({ kind: 'stopped', by: 'output' });
    expect(stubborn.provider.asked).toHaveLength(3);
  });

  test('passes the conversation on; the other has its own instructions and tools', async () => {
    const provider = await scriptedProvider([{ calls: [['transfer_to_maps', {}]] }, 'Paris']);
    const inference = { model: 'm', apiBase: provider.url };
    const maps = new UniversalAgent({
      name: 'maps',
      config: { inference, system: 'You know maps.', tools: [capital] },
    });
    const desk = new UniversalAgent({
      name: 'desk',
      config: {
        inference,
        handoffs: [maps],
        guardrails: [
          {
            name: 'loud',
            stage: 'output',
            check: (text) => ({ kind: 'replace', text: `${text}!` }),
          },
        ],
      },
    });
    expect(await desk.run('Which?')).toMatchObject({ agent: 'maps', text: 'Paris!' });
    expect(provider.asked[1]?.body.messages?.[0]?.content).toBe('You know maps.');
    expect(provider.asked[1]?.body.tools?.map((one) => one.function.name)).toEqual(['capital']);
  });

  test('remembers the latest dialogs', async () => {
    const { agent, provider } = await agentOf(['one', 'two', 'three'], {
      memory: createShortTermMemory(1),
    });
    await agent.chat('1');
    await agent.chat('2');
    await agent.chat('3');
    expect(provider.asked[2]?.body.messages).toEqual([
      { role: 'user', content: '2' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: '3' },
    ]);
  });

  test('guardrails stop, replace, and refuse a call', async () => {
    const { agent, provider } = await agentOf([CALL, 'secret: 1'], {
      tools: [capital],
      guardrails: [
        {
          name: 'no numbers',
          stage: 'output',
          check: (text) => ({ kind: 'replace', text: text.replaceAll(/\d/g, '*') }),
        },
        { name: 'no maps', stage: 'call', check: () => ({ kind: 'block', reason: 'closed' }) },
        {
          name: 'no rage',
          stage: 'input',
          check: (text) =>
            text === 'RAGE' ? { kind: 'block', reason: 'calm down' } : { kind: 'pass' },
        },
      ],
    });
    expect(await agent.chat('Which?')).toBe('secret: *');
    expect(told(provider)).toEqual(['error: refused: no maps: closed']);
    expect((await agent.run('RAGE')).end).toEqual({
      kind: 'stopped',
      by: 'guardrail',
      reason: 'no rage: calm down',
    });
    expect(provider.asked).toHaveLength(2);
  });

  test('a hook that throws ends the run', async () => {
    const { agent } = await agentOf([CALL], {
      tools: [capital],
      hooks: {
        call: ({ tool }) => {
          throw new Error(`no ${tool}`);
        },
      },
    });
    await expect(agent.run('Which?')).rejects.toThrow('no capital');
  });
});

describe('a run that would not end is stopped', () => {
  const again = (n: number): Said => ({ calls: [['capital', { of: `land ${n}` }]] });

  test('by its turns', async () => {
    const { agent, provider } = await agentOf([again(1), again(2), again(3)], {
      tools: [capital],
      limits: { turnsMax: 2 },
    });
    expect((await agent.run('?')).end).toMatchObject({ by: 'turns' });
    expect(provider.asked).toHaveLength(2);
    await expect(agent.chat('?')).rejects.toThrow(AgentStopped);
  });

  test('by repetition', async () => {
    const { agent, provider } = await agentOf([CALL], { tools: [capital] });
    expect((await agent.run('?')).end).toMatchObject({ by: 'repetition' });
    expect(provider.asked).toHaveLength(4);
  });

  test('by its budget of tokens, and of dollars by the prices that it knows', async () => {
    const { agent } = await agentOf([again(1), again(2), again(3)], {
      tools: [capital],
      budget: { tokensMax: 20 },
    });
    expect(await agent.run('?')).toMatchObject({ end: { by: 'budget' }, usage: { calls: 2 } });
    const priced = await agentOf([again(1), again(2)], {
      tools: [capital],
      budget: { usdMax: 0.001, prices: { m: { input: 100, output: 100 } } },
    });
    const stopped = await priced.agent.run('?');
    expect(stopped).toMatchObject({ end: { by: 'budget' }, usage: { calls: 1 }, costUsd: 0.0012 });
  });

  test('by depth: agents that pass to each other, and agents under agents', async () => {
    const provider = await scriptedProvider([
      (asked, response) => {
        const name = asked.body.tools?.[0]?.function.name ?? '';
        const tool_calls = [{ id: 'c', function: { name, arguments: '{"input":"x"}' } }];
        const choices = [{ message: { tool_calls }, finish_reason: 'tool_calls' }];
        response.end(JSON.stringify({ choices }));
      },
    ]);
    const inference = { model: 'm', apiBase: provider.url };
    const handoffs: UniversalAgent[] = [];
    const one = new UniversalAgent({ name: 'one', config: { inference, handoffs } });
    const two = new UniversalAgent({ name: 'two', config: { inference, handoffs: [one] } });
    const three = new UniversalAgent({ name: 'three', config: { inference, handoffs: [two] } });
    const limits = { depthMax: 1 };
    const four = new UniversalAgent({
      name: 'four',
      config: { inference, limits, handoffs: [three] },
    });
    expect((await four.run('?')).end).toMatchObject({ by: 'depth' });
    const tools: Tool[] = [];
    const self = new UniversalAgent({ name: 'self', config: { inference, limits, tools } });
    tools.push(self.asTool({ description: '' }));
    const { end, usage } = await self.run('?');
    expect(end).toMatchObject({ by: 'repetition' });
    expect(usage.calls).toBeGreaterThan(4);
  });
});
