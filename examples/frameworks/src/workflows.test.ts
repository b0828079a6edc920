import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { attempt, Shelf } from '@sagewai/sdk/testing';
import { type WorkflowDefinition, withInference } from '@sagewai/sdk/workflow';
import {
  type AskedOfProvider,
  scriptedProvider,
  type ScriptedProvider,
} from '@sagewai/testing/scripted-provider';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';

import { aiSdkAgent } from './ai-sdk-agent.ts';
import { graph } from './graph.ts';
import { mcpAgent } from './mcp-agent.ts';

type Message = NonNullable<AskedOfProvider['body']['messages']>[number];

/** A model that answers by what it reads, however often it is asked. */
const answering = (answer: (messages: readonly Message[]) => object): Promise<ScriptedProvider> =>
  scriptedProvider([
    ({ body }, response) => {
      const message = { role: 'assistant', ...answer(body.messages ?? []) };
      const finish_reason = 'tool_calls' in message ? 'tool_calls' : 'stop';
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          id: 'c',
          created: 1,
          model: 'm-2026',
          choices: [{ index: 0, message, finish_reason }],
          usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
        }),
      );
    },
  ]);

/** Its worker dies after so many writes to the journal; another one goes on. */
async function overTwoWorkers(
  { run }: WorkflowDefinition,
  of: { readonly input: unknown; readonly url: string; readonly writesMax: number },
): Promise<{ readonly end: unknown; readonly steps: readonly string[] }> {
  const { input, url, writesMax } = of;
  return withInference({ gateway: { url, token: 'rt-1.run' } }, async () => {
    const shelf = new Shelf();
    await attempt(run, shelf.open(writesMax), { input });
    const end = await attempt(run, shelf.open(), { input });
    const done = [...shelf.steps.values()].filter(({ state }) => state === 'completed');
    return { end, steps: done.map(({ name, ordinal }) => `${name}#${ordinal}`) };
  });
}

test.each([0, 1, 2, 3, 4])(
  'a graph whose worker dies after %i steps goes through what has finished without doing it again',
  async (writesMax) => {
    const provider = await answering((messages) => {
      const said = String(messages.at(-1)?.content);
      if (said.startsWith('About')) {
        return { content: said.includes('Too dry') ? 'Tea is a hug.' : 'Tea is a drink.' };
      }
      return { content: said === 'Tea is a hug.' ? 'good' : 'Too dry' };
    });
    const input = { topic: 'tea', model: 'm' };
    const { end, steps } = await overTwoWorkers(graph, { input, url: provider.url, writesMax });
    expect(end).toEqual({ kind: 'completed', output: { draft: 'Tea is a hug.', rounds: 2 } });
    expect(steps).toEqual(['write#0', 'judge#0', 'write#1', 'judge#1']);
    // The one that was cut off was asked for twice: its end could not be journaled.
    expect(provider.asked).toHaveLength(writesMax === 4 ? 4 : 5);
    expect(provider.asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer rt-1.run' },
    });
  },
);

test.each([0, 1, 2, 3])(
  'an agent of the AI SDK whose worker dies after %i steps asks for nothing that it was answered',
  async (writesMax) => {
    const provider = await answering((messages) => {
      const results = messages.filter(({ role }) => role === 'tool');
      if (results.length > 0) return { content: `There is ${String(results[0]?.content)}.` };
      const of = { name: 'count_stock', arguments: '{"item":"tea"}' };
      return { content: null, tool_calls: [{ id: 'c1', type: 'function', function: of }] };
    });
    const input = { question: 'How much tea?', model: 'gpt-4o' };
    const { end, steps } = await overTwoWorkers(aiSdkAgent, {
      input,
      url: provider.url,
      writesMax,
    });
    expect(end).toEqual({ kind: 'completed', output: 'There is {"item":"tea","count":3}.' });
    expect(steps).toEqual(['model#0', 'count_stock#0', 'model#1']);
    expect(provider.asked).toHaveLength(writesMax === 0 || writesMax === 2 ? 3 : 2);
    expect(provider.asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer rt-1.run' },
      body: { model: 'gpt-4o' },
    });
  },
);

interface McpAgent {
  readonly url: string;
  readonly tasks: readonly { readonly task: string; readonly key: unknown }[];
}

/** An agent behind MCP, on a real socket. */
async function startMcpAgent(): Promise<McpAgent> {
  const tasks: { task: string; key: unknown }[] = [];
  const handler = createMcpHandler(() => {
    const agent = new McpServer({ name: 'agent', version: '1.0.0' });
    agent.registerTool(
      'run',
      { description: 'Does a task.', inputSchema: z.object({ task: z.string() }) },
      ({ task }, { mcpReq }) => {
        tasks.push({ task, key: mcpReq._meta?.['sagewai/idempotency-key'] });
        const isError = task === 'impossible';
        return {
          content: [{ type: 'text', text: isError ? 'cannot be done' : `did ${task}` }],
          isError,
        };
      },
    );
    return agent;
  });
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', headers, url = '/' } = request;
      const body = method === 'POST' ? await buffer(request) : null;
      const { port } = server.address() as AddressInfo;
      const answer = await handler.fetch(
        new Request(`http://127.0.0.1:${port}${url}`, {
          method,
          headers: headers as Record<string, string>,
          body,
        }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, tasks };
}

test('an agent that only speaks MCP is asked once, and again with the same key when its answer was lost', async () => {
  const agent = await startMcpAgent();
  const input = { url: agent.url, tool: 'run', task: 'the dishes' };
  const url = 'http://127.0.0.1:9';
  const whole = await overTwoWorkers(mcpAgent, { input, url, writesMax: 1 });
  expect(whole.end).toEqual({ kind: 'completed', output: 'did the dishes' });
  expect(agent.tasks).toEqual([{ task: 'the dishes', key: 'run:ask#0' }]);
  const cut = await overTwoWorkers(mcpAgent, { input, url, writesMax: 0 });
  expect(cut.end).toEqual(whole.end);
  expect(agent.tasks.map(({ key }) => key)).toEqual(['run:ask#0', 'run:ask#0', 'run:ask#0']);
});

test('what an agent behind MCP says that it cannot do fails the run, and is not asked again', async () => {
  const agent = await startMcpAgent();
  const input = { url: agent.url, tool: 'run', task: 'impossible' };
  const shelf = new Shelf();
  const end = await attempt(mcpAgent.run, shelf.open(), { input });
  expect(end).toMatchObject({ kind: 'failed', retry: false });
  expect([...shelf.steps.values()]).toMatchObject([{ error: 'cannot be done', is_final: true }]);
  expect(agent.tasks).toHaveLength(1);
});
