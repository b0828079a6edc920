import type { JsonObject } from '@sagewai/translate';
import { describe, expect, test } from 'vitest';

import { bridgeTo, reachOf } from '../formats/bridge.ts';
import type { Format } from '../formats/format.ts';
import { MESSAGES } from '../formats/messages.ts';
import { RESPONSES } from '../formats/responses.ts';
import { deploymentAt } from '../gateway-fixture.ts';
import { buildModelTable } from '../models/model-table.ts';
import { crossCall } from './cross-call.ts';

const deployment = deploymentAt('http://x/v1');
const [group] = buildModelTable([deployment]).groups;

function cross(client: Format, body: JsonObject) {
  if (group === undefined) throw new Error('no model');
  const raw = Buffer.from(JSON.stringify(body));
  const asked = client.read(body, {});
  return { raw, asked: crossCall(reachOf(group, client.name), client, { body, raw }, asked).asked };
}

describe('what a translated call may cost', () => {
  test('is bounded by what is sent, where that is longer than what was said (M1)', () => {
    const tools = Array.from({ length: 50 }, (_, n) => ({ type: 'custom', name: `t${n}` }));
    const body = { model: 'm', input: 'x', tools };
    const { raw, asked } = cross(RESPONSES, body);
    const sent = bridgeTo(deployment, 'responses')?.crossing?.open(body, {
      deployment,
      maxTokensDefault: 1,
      outputCap: undefined,
      now: () => new Date(0),
      createdAt: 0,
      inputTokensEstimate: 0,
    }).body;
    const sentBytes = Buffer.byteLength(JSON.stringify(sent));
    expect(sentBytes).toBeGreaterThan(raw.length + 5_000);
    expect(raw.length + (asked.parts.repeatedBytes ?? 0)).toBe(sentBytes);
  });

  test('has no fee for a tool that is left out, and a mark for an hour counts (M1, M4)', () => {
    const tools = [{ type: 'web_search' }, { type: 'function', name: 'f' }];
    const { asked } = cross(RESPONSES, { model: 'm', input: 'x', tools });
    expect(asked).toMatchObject({ unpriced: undefined, parts: { opaque: 0 } });
    const content = [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }];
    const messages = [{ role: 'user', content }];
    expect(cross(MESSAGES, { model: 'm', max_tokens: 5, messages }).asked.keepsHour).toBe(true);
  });
});
