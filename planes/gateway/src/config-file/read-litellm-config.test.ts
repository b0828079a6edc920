import { describe, expect, test } from 'vitest';

import { DEFAULT_ROUTING, PLAIN_TRAFFIC } from '../routing/routing.ts';
import { readLitellmConfig } from './read-litellm-config.ts';
import { noticeText } from './section.ts';

const NOON = new Date('2026-11-21T12:00:00Z');
const ENV = {
  OPENAI_API_KEY: 'sk-secret-o',
  ANTHROPIC_API_KEY: 'sk-secret-a',
  GOOGLE_API_KEY: 'g',
};

const OF = { env: ENV, at: NOON, routing: DEFAULT_ROUTING };

function read(text: string) {
  const config = readLitellmConfig(text, OF);
  if (config.kind !== 'read') throw new Error(config.mistakes.map(noticeText).join('\n'));
  return config;
}

function mistakesOf(text: string): readonly string[] {
  const config = readLitellmConfig(text, OF);
  return config.kind === 'refused' ? config.mistakes.map(noticeText) : [];
}

test('the configuration that people have works as it stands', () => {
  const { deployments, notices, masterKey } = read(`
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: 60
  - model_name: claude-sonnet
    litellm_params:
      model: claude-sonnet-4-20250514
      api_key: os.environ/ANTHROPIC_API_KEY
  - model_name: gemini-flash
    litellm_params:
      model: gemini/gemini-2.0-flash
      api_key: os.environ/GOOGLE_API_KEY
general_settings:
  master_key: sk-your-master-key
`);
  expect(
    deployments.map(({ model, upstreamModel, endpoint }) => [
      model,
      upstreamModel,
      endpoint.provider,
      endpoint.baseUrl,
      endpoint.credential?.reveal(),
    ]),
  ).toEqual([
    ['gpt-4o', 'gpt-4o', 'openai', 'https://api.openai.com/v1', 'sk-secret-o'],
    [
      'claude-sonnet',
      'claude-sonnet-4-20250514',
      'anthropic',
      'https://api.anthropic.com/v1',
      'sk-secret-a',
    ],
    [
      'gemini-flash',
      'gemini-2.0-flash',
      'gemini',
      'https://generativelanguage.googleapis.com/v1beta',
      'g',
    ],
  ]);
  expect(deployments.every(({ price }) => price !== undefined)).toBe(true);
  expect(notices).toEqual([]);
  expect(deployments[0]?.traffic).toEqual({ ...PLAIN_TRAFFIC, requestsPerMinute: 60 });
  expect(masterKey?.reveal()).toBe('sk-your-master-key');
});

test('a price is read from the text, to the pico-dollar, and wins over the catalogue', () => {
  const { deployments } = read(`
model_list:
  - model_name: gpt-4o
    litellm_params: { model: openai/gpt-4o, api_base: "http://127.0.0.1:9/v1/" }
    model_info:
      id: mine
      input_cost_per_token: 0.00000030000000
      output_cost_per_token: 1.1e-06
      max_output_tokens: 512
      max_input_tokens: 1000
`);
  expect(deployments).toMatchObject([
    {
      id: 'mine',
      endpoint: { provider: 'compatible', baseUrl: 'http://127.0.0.1:9/v1', credential: null },
      price: { rates: { input: 300_000n, output: 1_100_000n, cachedInput: 300_000n } },
      outputTokensMax: 512,
      contextTokensMax: 1_000,
    },
  ]);
});

test('a local model is free, and its base gets the version it needs', () => {
  const { deployments } = read(`
model_list:
  - model_name: llama
    litellm_params: { model: "ollama/llama3.1:70b", api_base: "http://gpu:11434" }
`);
  expect(deployments).toMatchObject([
    {
      upstreamModel: 'llama3.1:70b',
      endpoint: { baseUrl: 'http://gpu:11434/v1' },
      price: { rates: { output: 0n } },
    },
  ]);
});

describe('mistakes', () => {
  test('are all told at once, with their place and without a value', () => {
    const mistakes = mistakesOf(`
model_list:
  - model_name: a
    litellm_params: { model: my-claude, api_key: sk-secret-plain }
  - litellm_params: { model: openai/x }
  - model_name: b
    litellm_params: { model: openai/x, api_base: ftp://x }
    model_info: { input_cost_per_token: free, max_tokens: many }
  - model_name: d
    litellm_params: { model: openai/x }
    model_info: { input_cost_per_token: 1e-13, output_cost_per_token: 1e-6 }
`);
    expect(mistakes.map((mistake) => mistake.split(': ', 2).join(': '))).toEqual([
      'line 4: model_list[0].litellm_params.model',
      'line 5: model_list[1].model_name',
      'line 8: model_list[2].model_info.input_cost_per_token',
      'line 8: model_list[2].model_info',
      'line 8: model_list[2].model_info.max_tokens',
      'line 7: model_list[2].litellm_params.api_base',
      'line 11: model_list[3].model_info.input_cost_per_token',
    ]);
    expect(mistakes.join()).not.toContain('sk-secret');
    expect(mistakes[0]).toContain('hosted_vllm');
  });

  test.each(['', 'a: [', 'model_list: 1', '- x'])('of the whole file are told: %j', (text) => {
    expect(mistakesOf(text)).toHaveLength(1);
  });

  test('are also two deployments of one id', () => {
    const entry = '{model_name: a, litellm_params: {model: openai/gpt-4o}, model_info: {id: x}}';
    expect(mistakesOf(`model_list: [${entry},\n ${entry}]`)).toEqual([
      'line 2: model_list[1].model_info.id: x is there more than once',
    ]);
  });

  test('never show a credential, however the deployment is printed', () => {
    const { deployments } = read(
      'model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, api_key: sk-plain-secret}}]',
    );
    const [first] = deployments;
    expect(String(first?.endpoint.credential) + JSON.stringify(first?.endpoint)).not.toContain(
      'plain',
    );
  });
});

test('what is not set in the environment leaves its deployment out, and the rest starts', () => {
  const { deployments, notices } = read(`
model_list:
  - model_name: a
    litellm_params: { model: openai/gpt-4o, api_key: os.environ/NOT_SET }
  - model_name: a
    litellm_params:
      model: openai/gpt-4o
      api_base: os.environ/NOR_THIS
  - model_name: a
    litellm_params: { model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY }
`);
  expect(deployments.map(({ id }) => id)).toEqual(['config-3']);
  expect(notices.map(noticeText)).toEqual([
    'line 4: model_list[0].litellm_params.api_key: NOT_SET is not set: this deployment is left out',
    'line 8: model_list[1].litellm_params.api_base: NOR_THIS is not set: this deployment is left out',
  ]);
});

describe('what is not known here, and holds nothing back', () => {
  const listed = (entry: string, rest = '') => read(`model_list:\n  - ${entry}\n${rest}`);
  const ENTRY = '{ model_name: a, litellm_params: { model: openai/gpt-4o } }';

  test.each([
    ['{ model_name: a, litellm_params: { model: sagemaker/x } }', 'model: unknown provider; known'],
    [
      '{ model_name: a, litellm_params: { model: x, custom_llm_provider: sagemaker } }',
      'custom_llm_provider: unknown provider; known',
    ],
    ['{ model_name: "openai/*", litellm_params: { model: "openai/*" } }', 'wildcards'],
    ['{ model_name: a, litellm_params: { model: azure/x } }', 'no address of this provider'],
    ['{ model_name: a, litellm_params: { model: vertex_ai/mistral-large } }', 'of Vertex AI'],
    ['{ model_name: a, litellm_params: { model: vertex_ai/gemini-2.5-pro } }', 'service account'],
    ['{ model_name: a, litellm_params: { model: bedrock/x } }', 'no region'],
    [
      '{ model_name: a, litellm_params: { model: bedrock/x, aws_region_name: us-east-1 } }',
      'aws_secret_access_key are needed here',
    ],
    [
      '{ model_name: a, litellm_params: { model: bedrock/x, aws_region_name: us-east-1, aws_access_key_id: a, aws_secret_access_key: b, aws_profile_name: r } }',
      'aws_profile_name: is not known here',
    ],
  ])('leaves its deployment out, with its line, and the rest starts: %s', (entry, what) => {
    const { deployments, notices } = listed(entry, `  - ${ENTRY}`);
    expect(deployments.map(({ id }) => id)).toEqual(['config-2']);
    expect(notices.map(noticeText)).toEqual([
      expect.stringMatching(/^line 2: model_list\[0\]\..*: this deployment is left out$/),
    ]);
    expect(notices[0]?.path + ': ' + notices[0]?.what).toContain(what);
  });

  test.each([
    [
      'litellm_settings: { cache: true, cache_params: { type: redis, host: h, password: sk-secret } }',
      'line 3: litellm_settings.cache_params.type: is not used here: answers are kept in the memory of each server, and found by all of them with REDIS_URL',
    ],
    [
      'router_settings: { model_group_alias: { x: nowhere } }',
      'line 3: router_settings.model_group_alias.x: nowhere: no such model in model_list; it is used if a provider lists it',
    ],
    [
      'guardrails: [{ guardrail_name: g, litellm_params: { guardrail: presidio, mode: pre_call } }]',
      'line 3: guardrails[0].litellm_params.guardrail: unknown; known are pii, secrets, hide-secrets, regex, webhook, generic_guardrail_api: it is left out, and calls that name it are refused',
    ],
    [
      'litellm_settings: { callbacks: [prometheus, langfuse] }',
      'line 3: litellm_settings.callbacks: is not used here',
    ],
    [
      'general_settings: { custom_auth: mine.auth }',
      'line 3: general_settings.custom_auth: is not used here',
    ],
  ])('is a note: %s', (setting, note) => {
    const { deployments, notices } = listed(ENTRY, setting);
    expect(deployments).toHaveLength(1);
    expect(notices.map(noticeText)).toContain(note);
    expect(notices.map(noticeText).join()).not.toContain('sk-secret');
  });

  test('is no list of models either', () => {
    const { deployments, notices } = read('general_settings: { master_key: sk-x }');
    expect(deployments).toEqual([]);
    expect(notices.map(noticeText)).toEqual(['line 1: there is no model_list']);
  });

  test.each([
    ['litellm_settings: { max_budget: 100 }', 'litellm_settings.max_budget'],
    [
      'litellm_settings: { upperbound_key_generate_params: { max_budget: 1 } }',
      'litellm_settings.upperbound_key_generate_params',
    ],
    ['litellm_settings: { callbacks: [hide_secrets] }', 'litellm_settings.callbacks'],
    ['litellm_settings: { callbacks: presidio }', 'litellm_settings.callbacks'],
    ['general_settings: { allowed_ips: [10.0.0.1] }', 'general_settings.allowed_ips'],
    [
      'router_settings: { provider_budget_config: { openai: { budget_limit: 1 } } }',
      'router_settings.provider_budget_config',
    ],
    [
      '  - { model_name: b, litellm_params: { model: openai/gpt-4o, max_budget: 1 } }',
      'model_list[1].litellm_params.max_budget',
    ],
    [
      'guardrails: [{ guardrail_name: g, litellm_params: { guardrail: presidio, default_on: true } }]',
      'guardrails[0].litellm_params.guardrail',
    ],
  ])('unless it holds money or calls back: that refuses the file: %s', (setting, path) => {
    expect(mistakesOf(`model_list:\n  - ${ENTRY}\n${setting}`)).toEqual([
      expect.stringContaining(`line 3: ${path}: `),
    ]);
  });

  test('and not where it says nothing', () => {
    const said = 'litellm_settings: { max_budget: null, tag_budget_config: {}, guardrails: [] }';
    expect(listed(ENTRY, said).notices).toEqual([]);
  });
});

test('a model that writes nothing has a price without one for its output', () => {
  const { deployments } = read(`
model_list:
  - model_name: e
    litellm_params: { model: openai/mine, api_base: "http://x:1", input_cost_per_token: 1e-7 }
    model_info: { mode: embedding }
`);
  expect(deployments[0]?.price?.rates).toMatchObject({ input: 100_000n, output: 0n });
});

describe('routing', () => {
  const LIST = `
model_list:
  - { model_name: a, litellm_params: { model: openai/gpt-4o, weight: 2, order: 1, rpm: 3, tpm: 4, timeout: 0.5, stream_timeout: 6, cooldown_time: 7 } }
  - { model_name: b, litellm_params: { model: openai/gpt-4o } }
`;

  test('is read as the file of the documentation has it', () => {
    const { routing, deployments, notices } = read(`${LIST}
router_settings:
  routing_strategy: cost-based-routing
  num_retries: 3
  retry_after: 5
  allowed_fails: 2
  cooldown_time: 1.5
  timeout: 30
  stream_timeout: 10
  routing_strategy_args: { ttl: 60 }
  fallbacks: [{ a: [b, c] }]
  default_fallbacks: [b]
  max_fallbacks: 2
  model_group_alias: { gpt: a, other: { model: b, hidden: true } }
  redis_host: localhost
litellm_settings:
  num_retries: 9
  request_timeout: 600
  context_window_fallbacks:
    - a: [b]
  content_policy_fallbacks: [{ b: [a] }]
  drop_params: true
general_settings:
  background_health_checks: true
  health_check_interval: 20
  database_url: os.environ/DATABASE_URL
  allow_requests_on_db_unavailable: true
environment_variables: { X: y }
`);
    expect(routing).toMatchObject({
      strategy: 'cost-based-routing',
      retry: { retries: 3, retryAfterMs: 5_000 },
      allowedFails: 2,
      cooldownMs: 1_500,
      timeoutMs: 30_000,
      firstTokenMs: 10_000,
      latencyTtlMs: 60_000,
      fallbacks: {
        generic: new Map([['a', ['b', 'c']]]),
        context: new Map([['a', ['b']]]),
        contentPolicy: new Map([['b', ['a']]]),
        byDefault: ['b'],
        max: 2,
      },
      aliases: new Map([
        ['gpt', 'a'],
        ['other', 'b'],
      ]),
    });
    expect(deployments.map(({ traffic }) => traffic)).toEqual([
      {
        weight: 2,
        order: 1,
        requestsPerMinute: 3,
        tokensPerMinute: 4,
        timeoutMs: 500,
        firstTokenMs: 6_000,
        cooldownMs: 7_000,
      },
      undefined,
    ]);
    expect(notices.map(noticeText)).toEqual([
      'line 15: router_settings.fallbacks[0].a: c: no such model in model_list; it is used if a provider lists it',
      'line 18: router_settings.model_group_alias.other.hidden: is not used here',
      'line 19: router_settings.redis_host: is not used here',
      'line 26: litellm_settings.drop_params: is not used here',
      'line 30: general_settings.database_url: is not used here',
      'line 31: general_settings.allow_requests_on_db_unavailable: is said by keys (metadata.on_outage: open), within OUTAGE_OPEN_FOR and OUTAGE_OPEN_CENTS',
      'line 32: environment_variables.X: is not used here',
    ]);
  });

  test('hedges for every model, or for each its own', () => {
    const hedging = (text: string) =>
      read(`${LIST}router_settings: { hedge_after: ${text} }`).routing.hedging;
    expect(hedging('800ms')).toEqual({ byDefaultMs: 800, ofModelMs: new Map() });
    expect(hedging('{ a: 1.5s, b: 2 }')).toEqual({
      byDefaultMs: null,
      ofModelMs: new Map([
        ['a', 1_500],
        ['b', 2_000],
      ]),
    });
    expect(mistakesOf(`${LIST}router_settings: { hedge_after: { a: soon, b: 0 } }`)).toHaveLength(
      2,
    );
  });

  test('knows models by names with dots', () => {
    const { routing, notices } = read(`
model_list:
  - { model_name: gpt-4.1, litellm_params: { model: openai/gpt-4.1 } }
  - { model_name: gpt-4, litellm_params: { model: openai/gpt-4 } }
router_settings:
  fallbacks: [{ gpt-4.1: [gpt-4] }]
  hedge_after: { gpt-4.1: 1s }
  model_group_alias: { v1.5: gpt-4.1 }
`);
    expect(routing.fallbacks.generic).toEqual(new Map([['gpt-4.1', ['gpt-4']]]));
    expect(routing.hedging.ofModelMs).toEqual(new Map([['gpt-4.1', 1_000]]));
    expect(routing.aliases).toEqual(new Map([['v1.5', 'gpt-4.1']]));
    expect(notices).toEqual([]);
  });

  test('that nobody states is what it was', () => {
    expect(read(LIST).routing).toEqual(DEFAULT_ROUTING);
    expect(read(`${LIST}router_settings: { disable_cooldowns: true }`).routing.cooldownMs).toBe(0);
    const shared = read(`${LIST}litellm_settings: { num_retries: 1, fallbacks: [{ "*": [b] }] }`);
    expect(shared.routing).toMatchObject({
      retry: { retries: 1 },
      fallbacks: { byDefault: ['b'] },
    });
  });

  test('that cannot be meant is a mistake with its line', () => {
    const mistakes = mistakesOf(`${LIST}
router_settings:
  routing_strategy: by-chance
  num_retries: -1
  timeout: long
  disable_cooldowns: perhaps
  fallbacks: a
  default_fallbacks: [1]
  model_group_alias: { x: [a] }
`);
    expect(mistakes.map((mistake) => mistake.split(': ', 2).join(': '))).toEqual(
      expect.arrayContaining([
        'line 7: router_settings.routing_strategy',
        'line 8: router_settings.num_retries',
        'line 9: router_settings.timeout',
        'line 10: router_settings.disable_cooldowns',
        'line 11: router_settings.fallbacks',
        'line 12: router_settings.default_fallbacks',
        'line 13: router_settings.model_group_alias.x',
      ]),
    );
    expect(mistakes).toHaveLength(7);
  });

  test('may use anchors and merges, as LiteLLM reads them', () => {
    const { deployments } = read(`
common: &common { api_base: "http://gpu:8000/v1", weight: 3 }
model_list:
  - model_name: a
    litellm_params: { <<: *common, model: openai/x }
    model_info: &info { id: one }
`);
    expect(deployments).toMatchObject([
      { id: 'one', endpoint: { baseUrl: 'http://gpu:8000/v1' }, traffic: { weight: 3 } },
    ]);
  });
});

test('a model that is served by Responses alone is marked as LiteLLM marks it', () => {
  const { deployments } = read(`
model_list:
  - { model_name: a, litellm_params: { model: openai/responses/o3-pro } }
  - { model_name: b, litellm_params: { model: mine, api_base: "http://x:1/v1" }, model_info: { mode: responses } }
  - { model_name: c, litellm_params: { model: openai/o3-pro }, model_info: { mode: chat } }
  - { model_name: d, litellm_params: { model: groq/responses/x }, model_info: { mode: responses } }
`);
  expect(
    deployments.map(({ endpoint, upstreamModel }) => [endpoint.provider, upstreamModel]),
  ).toEqual([
    ['openai-responses', 'o3-pro'],
    ['openai-responses', 'mine'],
    ['openai', 'o3-pro'],
    ['groq', 'responses/x'],
  ]);
  expect(deployments[0]?.price).toBeDefined();
});

test('a name without a prefix has the provider that everybody knows, or that the entry names', () => {
  const { deployments } = read(`
model_list:
  - { model_name: a, litellm_params: { model: claude-sonnet-4-20250514 } }
  - { model_name: b, litellm_params: { model: llama-3.3-70b, custom_llm_provider: groq } }
  - { model_name: c, litellm_params: { model: mine, base_url: "http://x:1" } }
  - { model_name: d, litellm_params: { model: text-embedding-3-small } }
  - { model_name: e, litellm_params: { model: whisper-1 } }
  - { model_name: f, litellm_params: { model: tts-1-hd } }
  - { model_name: g, litellm_params: { model: dall-e-3 } }
`);
  expect(deployments.map(({ endpoint }) => endpoint.provider)).toEqual([
    'anthropic',
    'groq',
    'compatible',
    'openai',
    'openai',
    'openai',
    'openai',
  ]);
  expect(
    mistakesOf('model_list:\n  - { model_name: a, litellm_params: { model: llama-3.3-70b } }'),
  ).toEqual([expect.stringMatching(/^line 2: .*which provider has it is not clear/)]);
});
