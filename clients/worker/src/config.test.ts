import { readConfig } from '@sagewai/config';
import { describe, expect, test } from 'vitest';

import { WORKER_FIELDS } from './config.ts';
import { ollamaUrl } from './ollama-url.ts';
import { resolveOptions } from './resolve-options.ts';
import type { WorkerOptions } from './worker-options.ts';

const of = async (environment: Record<string, string>, flags = {}): Promise<WorkerOptions> =>
  resolveOptions(readConfig(WORKER_FIELDS, { environment, flags }), {
    environment,
    log: { note: () => undefined, warn: () => undefined },
  });

describe('the settings of a worker', () => {
  test('need a server, and nothing else', async () => {
    await expect(of({})).rejects.toThrow(/FLEET_GATEWAY_URL \(or --gateway\): missing/);
    expect(await of({ FLEET_GATEWAY_URL: 'http://s:8000/' })).toMatchObject({
      url: 'http://s:8000',
      pool: 'default',
      labels: {},
      models: [],
      maxConcurrent: 4,
      heartbeatIntervalMs: 30_000,
      enrollmentKey: '',
      workerToken: '',
      providers: {
        openai: null,
        anthropic: null,
        ollama: { baseUrl: 'http://localhost:11434/v1' },
      },
    });
  });

  test('are all taken from the environment, as a compose file writes them', async () => {
    const environment = {
      FLEET_GATEWAY_URL: 'http://sagewai-server:8000',
      ENROLLMENT_KEY: 'sk-fleet-1',
      WRT_TOKEN: '',
      WORKER_POOL: 'gpu',
      WORKER_LABELS: 'region=us-east-1,tier=production',
      WORKER_MODELS: 'gpt-4o,ollama/llama3.1:70b',
      WORKER_MAX_CONCURRENT: '8',
      OPENAI_API_KEY: 'sk-a',
      ANTHROPIC_API_KEY: 'sk-b',
      OLLAMA_HOST: 'http://host-ollama:11434',
      HEARTBEAT_INTERVAL: '10',
      DRAIN_TIMEOUT: '2m',
    };
    expect(await of(environment)).toMatchObject({
      url: 'http://sagewai-server:8000',
      enrollmentKey: 'sk-fleet-1',
      workerToken: '',
      pool: 'gpu',
      labels: { region: 'us-east-1', tier: 'production' },
      models: ['gpt-4o', 'ollama/llama3.1:70b'],
      maxConcurrent: 8,
      heartbeatIntervalMs: 10_000,
      drainMsMax: 120_000,
      providers: {
        openai: { apiKey: 'sk-a', baseUrl: 'https://api.openai.com/v1' },
        anthropic: { apiKey: 'sk-b', baseUrl: 'https://api.anthropic.com/v1' },
        ollama: { baseUrl: 'http://host-ollama:11434/v1' },
      },
    });
  });

  test('a flag wins over the environment', async () => {
    const environment = { FLEET_GATEWAY_URL: 'http://a', WORKER_POOL: 'cpu' };
    expect(await of(environment, { gateway: 'http://b', pool: 'gpu' })).toMatchObject({
      url: 'http://b',
      pool: 'gpu',
    });
  });

  test('an enrollment key in the place of a token is told, without the key', async () => {
    const environment = { FLEET_GATEWAY_URL: 'http://a', WRT_TOKEN: 'sk-fleet-secret' };
    await expect(of(environment)).rejects.toThrow(/WRT_TOKEN.*ENROLLMENT_KEY(?!.*secret)/);
  });
});

test.each([
  ['localhost:11434', 'http://localhost:11434'],
  ['ollama', 'http://ollama:11434'],
  ['ollama:80', 'http://ollama'],
  ['http://host-ollama:11434/', 'http://host-ollama:11434'],
  ['https://ollama.example.com', 'https://ollama.example.com'],
  ['0.0.0.0', 'http://127.0.0.1:11434'],
  ['not a host', null],
  ['ftp://x', null],
])('OLLAMA_HOST=%s is %s', (text, url) => {
  expect(ollamaUrl(text)).toBe(url);
});
