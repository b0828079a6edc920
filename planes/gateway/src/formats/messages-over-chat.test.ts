import { describe, expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import type { ProviderName } from '../providers/provider.ts';
import { MESSAGES_OVER_CHAT } from './messages-over-chat.ts';

const mark = { cache_control: { type: 'ephemeral' } };
const input = { cache_control: 'a word of the tool', content: [mark] };
const ASK = {
  model: 'm',
  max_tokens: 2_000,
  ...mark,
  thinking: { type: 'adaptive' },
  system: [{ type: 'text', text: 's', ...mark }],
  tools: [{ name: 't', input_schema: { type: 'object' }, ...mark }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'u', ...mark }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 't', input }] },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'a',
          content: [{ type: 'text', text: 'r', ...mark }],
          ...mark,
        },
      ],
    },
  ],
};

function openAt(provider: ProviderName, upstreamModel: string) {
  const { endpoint } = deploymentAt('http://x/v1');
  const deployment = deploymentAt('http://x/v1', {
    endpoint: { ...endpoint, provider },
    upstreamModel,
  });
  return MESSAGES_OVER_CHAT.open(ASK, {
    deployment,
    maxTokensDefault: 1,
    outputCap: undefined,
    now: () => new Date(0),
    createdAt: 0,
    inputTokensEstimate: 0,
  });
}

describe('marks of the cache', () => {
  test('are left out where a provider would refuse the request for them', () => {
    const { body, lost } = openAt('compatible', 'm');
    const { messages, tools } = body as { messages: object[]; tools: object[] };
    expect(lost).toContain('cache_control');
    expect(JSON.stringify(tools)).not.toContain('cache_control');
    expect(messages[0]).toEqual({ role: 'system', content: 's' });
    expect(messages[1]).toEqual({ role: 'user', content: 'u' });
    expect(messages[3]).toEqual({ role: 'tool', tool_call_id: 'a', content: 'r' });
    // What the model itself wrote is nobody's mark.
    expect(messages[2]).toMatchObject({
      tool_calls: [{ function: { arguments: JSON.stringify(input) } }],
    });
  });

  test('stay where the provider takes them: the same prompt costs a tenth', () => {
    const { body, lost } = openAt('openrouter', 'anthropic/claude');
    expect(lost).not.toContain('cache_control');
    expect(JSON.stringify(body).match(/ephemeral/g)?.length).toBeGreaterThan(4);
  });
});

test.each([
  ['openai', 'gpt-4o', undefined],
  ['openai', 'gpt-4.1-mini', undefined],
  ['openai', 'gpt-5.2', 'medium'],
  ['openai', 'o3', 'medium'],
  ['compatible', 'gpt-4o', 'medium'],
] as const)('%s is told how hard %s shall think: %s', (provider, model, effort) => {
  const { body, lost } = openAt(provider, model);
  expect(body['reasoning_effort']).toBe(effort);
  expect(lost.includes('thinking')).toBe(effort === undefined);
});
