import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  type AskedOfProvider,
  type Said,
  scriptedProvider,
} from '@sagewai/testing/scripted-provider';
import { describe, expect, test } from 'vitest';

import { defineTool, type InferenceConfig, UniversalAgent } from './index.ts';

const time = defineTool({
  name: 'time',
  description: 'The time.',
  parameters: { type: 'object', properties: {} },
  run: () => '12:00',
});

const agentOf = (inference: InferenceConfig): UniversalAgent =>
  new UniversalAgent({ name: 'clock', config: { inference, system: 'Be brief.', tools: [time] } });

const write = (events: readonly object[], named = false): string =>
  events
    .map((event) => {
      const name = named ? `event: ${(event as { type: string }).type}\n` : '';
      return `${name}data: ${JSON.stringify(event)}\n\n`;
    })
    .join('');

const anthropic: Said = ({ body }: AskedOfProvider, response) => {
  const isSecond = (body.messages ?? []).length > 1;
  const block = isSecond
    ? { type: 'text', text: 'Noon.' }
    : { type: 'tool_use', id: 'toolu_1', name: 'time', input: {} };
  const usage = { input_tokens: 7, output_tokens: 3 };
  const stop_reason = isSecond ? 'end_turn' : 'tool_use';
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'claude-x', usage };
  if (body['stream'] !== true) {
    return void response.end(JSON.stringify({ ...message, content: [block], stop_reason }));
  }
  response.end(
    write(
      [
        { type: 'message_start', message: { ...message, content: [] } },
        { type: 'content_block_start', index: 0, content_block: block },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 3 } },
        { type: 'message_stop' },
      ],
      true,
    ),
  );
};

const gemini: Said = ({ body, path }: AskedOfProvider, response) => {
  const isSecond = (body['contents'] as unknown[]).length > 1;
  const part = isSecond ? { text: 'Noon.' } : { functionCall: { name: 'time', args: {} } };
  const answer = {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3 },
    modelVersion: 'gemini-x',
  };
  response.end(path.includes('alt=sse') ? write([answer]) : JSON.stringify(answer));
};

describe.each<[string, string, Said, string]>([
  ['openai', 'openai/gpt-x', { calls: [['time', {}]] }, '/v1/chat/completions'],
  ['ollama', 'ollama/llama', { calls: [['time', {}]] }, '/v1/chat/completions'],
  ['a bare name', 'house', { calls: [['time', {}]] }, '/v1/chat/completions'],
  ['anthropic', 'anthropic/claude-x', anthropic, '/v1/messages'],
  ['gemini', 'gemini/gemini-x', gemini, '/v1beta/models/gemini-x:'],
])('%s', (_, model, first, path) => {
  const script = typeof first === 'function' ? [first] : [first, 'Noon.'];

  test('is called with tools, and answers whole', async () => {
    const provider = await scriptedProvider(script);
    const agent = agentOf({ model, apiBase: provider.url, apiKey: 'sk-1' });
    const result = await agent.run('What time is it?');
    expect(result).toMatchObject({ text: 'Noon.', usage: { calls: 2 } });
    expect(result.usage.inputTokens).toBeGreaterThan(10);
    expect(provider.asked[1]?.path.startsWith(path)).toBe(true);
    expect(JSON.stringify(provider.asked[1]?.body)).toContain('12:00');
    expect(JSON.stringify(provider.asked[0]?.headers)).toContain('sk-1');
  });

  test('streams', async () => {
    const provider = await scriptedProvider(script);
    let text = '';
    for await (const event of agentOf({ model, apiBase: provider.url }).stream('Time?')) {
      if (event.kind === 'text') text += event.text;
      if (event.kind === 'end') expect(event.result.usage.outputTokens).toBeGreaterThan(2);
    }
    expect(text).toBe('Noon.');
  });
});

describe('a provider that fails', () => {
  const failing = async (script: readonly Said[], attemptsMax = 2) => {
    const provider = await scriptedProvider(script);
    const inference = { model: 'm', apiBase: provider.url, attemptsMax, apiKey: 'sk-secret' };
    return { provider, agent: agentOf(inference) };
  };
  const refusal = (status: number, error: object = {}): Said => ({
    status,
    json: { error: { message: 'no', ...error } },
    headers: { 'x-request-id': 'r-1', 'retry-after': '0' },
  });

  test('is asked again where that may help', async () => {
    const { agent, provider } = await failing([refusal(429), 'Hello']);
    expect(await agent.chat('Hi')).toBe('Hello');
    expect(provider.asked).toHaveLength(2);
  });

  test.each<[Said, object, number]>([
    [refusal(401), { code: 'refused', status: 401, retryable: false, requestId: 'r-1' }, 1],
    [refusal(429, { type: 'budget_exceeded' }), { code: 'budget_exceeded', retryable: false }, 1],
    [refusal(503), { code: 'unavailable', status: 503, retryable: true }, 2],
    [(_, response) => void response.destroy(), { code: 'unreachable', status: 0 }, 2],
    [(_, response) => void response.end('<html>'), { code: 'unreadable' }, 1],
    [(_, response) => void response.end('{}'), { code: 'unreadable' }, 1],
  ])('%j is told as %j', async (said, expected, times) => {
    const { agent, provider } = await failing([said]);
    const failure = await agent.chat('Hi').catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'ModelCallError', ...expected });
    expect(String(failure)).not.toContain('sk-secret');
    expect(provider.asked).toHaveLength(times);
  });

  const broken: Said = (_, response) => void response.destroy();
  test.each<[string, Said[], boolean]>([
    ['refused', [refusal(400)], false],
    ['busy', [refusal(503), refusal(429)], false],
    ['broken off', [broken], true],
    ['broken off, then refused', [broken, refusal(400)], true],
    ['lost behind a proxy, then busy', [refusal(504), refusal(429)], true],
    ['answered by something else', [(_, response) => void response.end('<html>')], true],
  ])('%s: says whether it may have been charged', async (_what, script, mayBeCharged) => {
    const { agent } = await failing(script);
    await expect(agent.chat('Hi')).rejects.toMatchObject({ mayBeCharged });
  });

  test('that is not there has charged nothing', async () => {
    // Nobody listens at the port of a server that has closed.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const agent = agentOf({ model: 'm', apiBase: `http://127.0.0.1:${port}`, attemptsMax: 1 });
    await expect(agent.chat('Hi')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
      mayBeCharged: false,
    });
  });

  test('is not waited for longer than its time', async () => {
    const provider = await scriptedProvider([() => undefined]);
    const agent = agentOf({ model: 'm', apiBase: provider.url, timeoutMs: 30, attemptsMax: 1 });
    await expect(agent.chat('Hi')).rejects.toMatchObject({ code: 'timeout' });
  });

  test('in the middle of a stream, it is not asked again', async () => {
    const { agent, provider } = await failing([
      (_, response) => {
        response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
        setImmediate(() => response.destroy());
      },
    ]);
    const read = async (): Promise<void> => {
      for await (const event of agent.stream('Hi')) void event;
    };
    await expect(read()).rejects.toMatchObject({ name: 'ModelCallError' });
    expect(provider.asked).toHaveLength(1);
  });
});
