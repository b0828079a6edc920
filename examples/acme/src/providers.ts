import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Three model providers that answer by a script: no account is needed, and nobody's money is spent. */
export interface Providers {
  /** Up to and including `/v1`; of Ollama without. */
  readonly urls: { readonly openai: string; readonly anthropic: string; readonly ollama: string };
  /** Calls that each has answered. */
  readonly calls: { openai: number; anthropic: number; ollama: number };
  close(): Promise<void>;
}

type Name = keyof Providers['calls'];

const ANSWERS: Readonly<Record<Name, string>> = {
  openai: 'Wake up to better mornings.',
  anthropic: 'Probably, with moderate confidence; here is why.',
  ollama: 'The condition assigns instead of comparing.',
};

export async function startProviders(): Promise<Providers> {
  const calls = { openai: 0, anthropic: 0, ollama: 0 };
  const servers = await Promise.all((['openai', 'anthropic', 'ollama'] as const).map(start));

  async function start(name: Name): Promise<Server> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        response.setHeader('content-type', 'application/json');
        if (request.method === 'GET') {
          const names = name === 'ollama' ? [{ name: 'llama3.1:70b' }] : [];
          return void response.end(JSON.stringify({ models: names, data: [], object: 'list' }));
        }
        calls[name] += 1;
        response.end(JSON.stringify(completion(body, ANSWERS[name])));
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  const [openai, anthropic, ollama] = servers.map(
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  return {
    urls: { openai: `${openai}/v1`, anthropic: `${anthropic}/v1`, ollama: ollama ?? '' },
    calls,
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => void server.close(resolve));
      }
    },
  };
}

/** In OpenAI's format, with usage that follows from the lengths. */
function completion(body: string, content: string): object {
  const { model, messages } = JSON.parse(body) as { model: string; messages: unknown };
  const promptTokens = Math.ceil(JSON.stringify(messages).length / 4);
  const completionTokens = Math.ceil(content.length / 4);
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1_000),
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}
