import { describe, expect, test } from 'vitest';

import { DEFAULT_ROUTING } from '../routing/routing.ts';
import { readLitellmConfig } from './read-litellm-config.ts';

const read = (guardrails: string, env: Record<string, string> = {}) =>
  readLitellmConfig(`model_list: []\nguardrails:\n${guardrails}`, {
    env,
    at: new Date(0),
    routing: DEFAULT_ROUTING,
  });

const mistakesOf = (guardrails: string): string[] => {
  const config = read(guardrails);
  return config.kind === 'refused'
    ? config.mistakes.map(({ line, path, what }) => `${line} ${path}: ${what}`)
    : [];
};

const SECRET = `whsec_${'A'.repeat(44)}`;

describe('guardrails of a models file', () => {
  test('are read in the shape of LiteLLM', () => {
    const config = read(
      `
  - guardrail_name: pii
    litellm_params: { guardrail: pii, mode: [pre_call, post_call], default_on: true, entities: [EMAIL_ADDRESS] }
  - guardrail_name: keys
    litellm_params: { guardrail: hide-secrets, mode: during_call, action: block, uninspectable: block }
  - guardrail_name: tickets
    litellm_params:
      guardrail: regex
      mode: post_call
      projects: [p1]
      patterns: [{ name: TICKET, pattern: 'T-[0-9]+' }]
  - guardrail_name: ours
    litellm_params: { guardrail: webhook, mode: both, api_base: os.environ/HOOK, api_key: os.environ/SIGN, timeout: 2 }
`,
      { HOOK: 'https://check.example.com/v1', SIGN: SECRET },
    );
    if (config.kind !== 'read') throw new Error(JSON.stringify(config.mistakes));
    expect(config.guardrails).toMatchObject([
      { name: 'pii', kind: 'pii', action: 'redact', before: true, after: true, isDefault: true },
      {
        name: 'keys',
        kind: 'secrets',
        action: 'block',
        before: true,
        after: false,
        uninspectable: 'block',
      },
      {
        name: 'tickets',
        kind: 'regex',
        action: 'block',
        before: false,
        after: true,
        looksFor: ['TICKET'],
      },
      {
        name: 'ours',
        kind: 'webhook',
        hook: { url: 'https://check.example.com/v1', timeoutMs: 2_000 },
      },
    ]);
    expect(config.guardrails[0]?.find?.('a@b.co 4111111111111111')).toHaveLength(1);
    expect(config.guardrails[2]?.projects.has('p1')).toBe(true);
    expect(config.notices.map(({ what }) => what)).toEqual([
      'during_call is before the call here: one that is blocked costs nothing',
    ]);
  });

  test.each([
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: presidio, default_on: true } }',
      'unknown; known are pii',
    ],
    ['  - { litellm_params: { guardrail: pii } }', 'expected a name'],
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: pii, mode: sometimes } }',
      'expected pre_call',
    ],
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: pii, action: shout } }',
      'expected block',
    ],
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: pii, entities: [SHOE_SIZE] } }',
      'unknown; known are EMAIL',
    ],
    ['  - { guardrail_name: a, litellm_params: { guardrail: regex } }', 'expected a list'],
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: regex, patterns: [{ name: X, pattern: "(?=a)" }] } }',
      'syntax of RE2',
    ],
    ['  - { guardrail_name: a, litellm_params: { guardrail: webhook } }', 'expected a URL'],
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: webhook, api_base: os.environ/NO } }',
      'NO is not set',
    ],
    [
      '  - { guardrail_name: a, litellm_params: { guardrail: webhook, api_base: "http://h", api_key: short } }',
      'expected a secret of webhooks',
    ],
    [
      '  - &a { guardrail_name: a, litellm_params: { guardrail: pii } }\n  - *a',
      'is there more than once',
    ],
  ])('with a mistake refuse the file, and none is left out: %s', (guardrails, what) => {
    expect(mistakesOf(guardrails).join('\n')).toContain(what);
  });
});
