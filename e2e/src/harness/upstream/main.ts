/** An OpenAI-compatible provider that does what it is told over its channel, and tells what it served. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import {
  type Behaviour,
  type FromUpstream,
  GOOD,
  type Served,
  type ToUpstream,
} from './behaviour.ts';

interface Asked {
  readonly model: string;
  readonly messages: unknown;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
}

const CHUNKS = 5;
const OUTPUT_TOKENS = 20;
const behaviours = new Map<string, Behaviour>();
const tell = (message: FromUpstream): void => void process.send?.(message);

const server = createServer((request, response) => {
  void (async () => {
    const body = await text(request);
    if (request.method === 'GET')
      return void response.end(JSON.stringify({ object: 'list', data: [] }));
    const asked = JSON.parse(body) as Asked;
    tell({ kind: 'asked', model: asked.model });
    await answer(asked, response, behaviours.get(asked.model) ?? GOOD);
  })().catch(() => response.destroy());
});

async function answer(asked: Asked, response: ServerResponse, behaviour: Behaviour): Promise<void> {
  const { fault } = behaviour;
  const maxTokens = asked.max_completion_tokens ?? asked.max_tokens ?? null;
  const asFactor = { max: 1, half: 0.5, double: 2 }[behaviour.output];
  const promptTokens = Math.max(1, Math.floor(JSON.stringify(asked.messages).length / 6));
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: Math.floor(
      maxTokens === null ? OUTPUT_TOKENS + (promptTokens % 50) : maxTokens * asFactor,
    ),
  };
  const serve = (complete: boolean): void => {
    const served: Served = {
      model: asked.model,
      stream: asked.stream === true,
      maxTokens,
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
      complete: complete && !response.destroyed,
      fault,
    };
    tell({ kind: 'served', served });
  };
  if (behaviour.latencyMs > 0) await pause(behaviour.latencyMs);
  if (fault === 'silent') return;
  if (fault === 'error') {
    const error = {
      message: 'the provider is unwell',
      type: 'server_error',
      param: null,
      code: null,
    };
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error }));
    return serve(false);
  }
  if (fault === 'garbage') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html>It works!</html>');
    return serve(false);
  }
  const total = { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
  if (asked.stream === true) return stream(asked, response, { behaviour, total, serve });
  const completion = JSON.stringify({
    ...frame(asked, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }],
    ...(fault === 'no-usage' ? {} : { usage: total }),
  });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': completion.length,
  });
  if (fault === 'dies') {
    response.write(completion.slice(0, 40));
    response.destroy();
    return serve(false);
  }
  response.end(completion);
  serve(true);
}

async function stream(
  asked: Asked,
  response: ServerResponse,
  {
    behaviour,
    total,
    serve,
  }: { behaviour: Behaviour; total: object; serve: (complete: boolean) => void },
): Promise<void> {
  const { fault, chunkMs } = behaviour;
  const send = (event: object): void =>
    void response.write(
      `data: ${JSON.stringify({ ...frame(asked, 'chat.completion.chunk'), ...event })}\n\n`,
    );
  const choice = (delta: object, finishReason: string | null) => ({
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send(choice({ role: 'assistant', content: '' }, null));
  for (let n = 0; n < CHUNKS || fault === 'endless'; n += 1) {
    if (response.destroyed) return serve(false);
    if (fault === 'dies' && n === 2) {
      response.destroy();
      return serve(false);
    }
    send(choice({ content: `word${n} ` }, null));
    if (chunkMs > 0) await pause(chunkMs);
  }
  send(choice({}, 'stop'));
  if (asked.stream_options?.include_usage === true && fault !== 'no-usage') {
    send({ choices: [], usage: total });
  }
  response.end('data: [DONE]\n\n');
  serve(true);
}

const frame = ({ model }: Asked, object: string) => ({
  id: 'chatcmpl-scripted',
  object,
  created: 1_700_000_000,
  model,
});

process.on('message', (message: ToUpstream) => {
  behaviours.set(message.model, message.behaviour);
  tell({ kind: 'behaves', nth: message.nth });
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env['UPSTREAM_PORT'] ?? 0), '127.0.0.1', 1024);
await once(server, 'listening');
tell({ kind: 'listening', port: (server.address() as AddressInfo).port });
