import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { onTestFinished } from 'vitest';

export interface AskedOfProvider {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model?: string;
    readonly messages?: readonly {
      readonly role: string;
      readonly content: unknown;
      readonly tool_call_id?: string;
    }[];
    readonly tools?: readonly { readonly function: { readonly name: string } }[];
    readonly [name: string]: unknown;
  };
}

export type Said =
  | string
  | { readonly calls: readonly (readonly [name: string, args: unknown])[] }
  | { readonly status: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | ((asked: AskedOfProvider, response: ServerResponse) => void);

export interface ScriptedProvider {
  readonly url: string;
  readonly asked: readonly AskedOfProvider[];
}

/** Speaks chat completions on a real socket, whole and streamed: one answer of the script after the other. */
export async function scriptedProvider(script: readonly Said[]): Promise<ScriptedProvider> {
  const asked: AskedOfProvider[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = (await json(request)) as AskedOfProvider['body'];
      const one = { path: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      const said = script[asked.length - 1] ?? script.at(-1) ?? '';
      if (typeof said === 'function') return said(one, response);
      if (typeof said === 'object' && 'status' in said) {
        response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers });
        return response.end(JSON.stringify(said.json));
      }
      return body['stream'] === true ? stream(said, response) : whole(said, response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const USAGE = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };

function messageOf(said: Exclude<Said, { status: number } | ((...args: never) => void)>) {
  if (typeof said === 'string') return { content: said, finish: 'stop' };
  const tool_calls = said.calls.map(([name, args], index) => ({
    index,
    id: `call_${index}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }));
  return { content: null, tool_calls, finish: 'tool_calls' };
}

function whole(said: Parameters<typeof messageOf>[0], response: ServerResponse): void {
  const { finish, ...message } = messageOf(said);
  response.writeHead(200, { 'content-type': 'application/json' });
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }];
  response.end(JSON.stringify({ id: 'c', model: 'm-2026', choices, usage: USAGE }));
}

function stream(said: Parameters<typeof messageOf>[0], response: ServerResponse): void {
  const { finish, content, tool_calls: calls } = messageOf(said);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const write = (delta: object, reason: string | null = null): void => {
    const choices = [{ index: 0, delta, finish_reason: reason }];
    response.write(`data: ${JSON.stringify({ id: 'c', model: 'm-2026', choices })}\n\n`);
  };
  write({ role: 'assistant', content: '' });
  for (const piece of content?.match(/.{1,5}/gs) ?? []) write({ content: piece });
  for (const { function: of, ...call } of calls ?? []) {
    write({ tool_calls: [{ ...call, function: { name: of.name, arguments: '' } }] });
    for (const piece of of.arguments.match(/.{1,5}/gs) ?? []) {
      write({ tool_calls: [{ index: call.index, function: { arguments: piece } }] });
    }
  }
  write({}, finish);
  response.write(`data: ${JSON.stringify({ id: 'c', choices: [], usage: USAGE })}\n\n`);
  response.end('data: [DONE]\n\n');
}
