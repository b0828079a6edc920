import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { createNodeSend } from '@sagewai/sdk/node';
import { describe, expect, onTestFinished, test } from 'vitest';

import { keepProbing } from './probe-loop.ts';
import { type Probe, probeModels, type ProbeOptions } from './probe-models.ts';

interface Backend {
  readonly url: string;
  readonly asked: string[];
  readonly listing: Record<string, unknown>;
  /** Of what it says when asked for a completion. */
  completion: number;
  go(): Promise<void>;
  come(): Promise<void>;
}

/** An Ollama and an OpenAI in one, which can go away and come back at the same address. */
async function startBackend(): Promise<Backend> {
  const asked: string[] = [];
  let port = 0;
  const listing: Record<string, unknown> = {
    '/api/tags': { models: [{ name: 'llama3.1:70b' }, { name: 'qwen:latest' }] },
    '/v1/models': { data: [{ id: 'gpt-4o' }] },
  };
  const start = () => {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push(
          `${request.method} ${request.url} ${request.headers.authorization ?? ''} ${body}`.trim(),
        );
        const list = listing[request.url ?? ''];
        const status = list === undefined ? backend.completion : 200;
        response.writeHead(status).end(JSON.stringify(list ?? {}));
      });
    });
    return server;
  };
  let server = start();
  const backend: Backend = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    asked,
    listing,
    completion: 200,
    go: () =>
      new Promise((gone) => {
        server.closeAllConnections();
        server.close(() => gone());
      }),
    come: () =>
      new Promise((here) => {
        server = start();
        server.listen(port, '127.0.0.1', () => {
          ({ port } = server.address() as AddressInfo);
          here();
        });
      }),
  };
  await backend.come();
  onTestFinished(() => backend.go());
  return backend;
}

const optionsOf = (backend: Backend, of: Partial<ProbeOptions> = {}): ProbeOptions => ({
  models: ['ollama/llama3.1:70b', 'ollama/qwen', 'ollama/none', 'gpt-4o', 'vertex/gemini'],
  providers: {
    openai: { apiKey: 'sk-own', baseUrl: `${backend.url}/v1` },
    anthropic: null,
    ollama: { baseUrl: `${backend.url}/v1` },
  },
  isOverridden: false,
  send: createNodeSend(),
  how: 'list',
  timeoutMs: 5_000,
  ...of,
});

const reachable = (probes: readonly Probe[]): (boolean | null)[] =>
  probes.map((probe) => probe.reachable);

describe('probeModels', () => {
  test('asks each back end once, and answers for each model', async () => {
    const backend = await startBackend();
    const probes = await probeModels(optionsOf(backend));
    expect(probes).toEqual([
      {
        model: 'ollama/llama3.1:70b',
        reachable: true,
        latency_ms: expect.any(Number),
        error: null,
      },
      { model: 'ollama/qwen', reachable: true, latency_ms: expect.any(Number), error: null },
      {
        model: 'ollama/none',
        reachable: false,
        latency_ms: expect.any(Number),
        error: 'ollama does not have none',
      },
      { model: 'gpt-4o', reachable: true, latency_ms: expect.any(Number), error: null },
      {
        model: 'vertex/gemini',
        reachable: null,
        latency_ms: null,
        error: "No endpoint configured for provider 'vertex'",
      },
    ]);
    // The two are one server here, under two paths, and Ollama gets no key.
    expect(backend.asked.filter((line) => line.includes('/api/tags'))).toEqual(['GET /api/tags']);
  });

  test('says nothing of models that the credentials file puts others behind', async () => {
    const backend = await startBackend();
    const probes = await probeModels(optionsOf(backend, { isOverridden: true }));
    expect(reachable(probes)).toEqual([null, null, null, null, null]);
    expect(backend.asked).toEqual([]);
  });

  test('a server of OpenAI’s format that lists nothing keeps no list: its answer alone counts', async () => {
    const backend = await startBackend();
    backend.listing['/v1/models'] = { data: [] };
    expect(reachable(await probeModels(optionsOf(backend, { models: ['gpt-4o'] })))).toEqual([
      true,
    ]);
  });

  test('a back end that is away, or says nothing in time, is not reachable', async () => {
    const backend = await startBackend();
    await backend.go();
    const probes = await probeModels(optionsOf(backend, { models: ['ollama/qwen', 'gpt-4o'] }));
    expect(reachable(probes)).toEqual([false, false]);
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    await new Promise((listening) => silent.once('listening', listening));
    const baseUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`;
    const providers = { openai: null, anthropic: null, ollama: { baseUrl } };
    const late = optionsOf(backend, { models: ['ollama/qwen'], providers, timeoutMs: 50 });
    expect(reachable(await probeModels(late))).toEqual([false]);
    await backend.come();
  });

  test('with completions, a model that is listed and says nothing is not reachable', async () => {
    const backend = await startBackend();
    const options = optionsOf(backend, { models: ['ollama/qwen'], how: 'completion' });
    expect(reachable(await probeModels(options))).toEqual([true]);
    expect(backend.asked.at(-1)).toContain('"max_tokens":1');
    backend.completion = 500;
    expect(await probeModels(options)).toMatchObject([
      { reachable: false, error: 'a completion answered 500' },
    ]);
  });
});

test('keepProbing tells what is news: away, and back again by itself (P3)', async () => {
  const backend = await startBackend();
  const over = new AbortController();
  const told: [boolean | null | undefined, boolean][] = [];
  const options = optionsOf(backend, { models: ['ollama/qwen'] });
  await keepProbing(
    {
      probe: async () => {
        // Between two probes, never in the middle of one.
        if (told.length === 2) await backend.go();
        if (told.length === 4) await backend.come();
        return probeModels(options);
      },
      everyMs: 0,
      random: () => 0,
      onProbed: ([probe], isNews) => {
        told.push([probe?.reachable, isNews]);
        if (told.length === 6) over.abort();
      },
    },
    over.signal,
  );
  expect(told).toEqual([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
    [true, true],
    [true, false],
  ]);
});
