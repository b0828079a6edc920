import { expect, test } from 'vitest';

import { CACHE_NOTHING } from '../cache/read-controls.ts';
import { DEFAULT_ROUTING } from '../routing/routing.ts';
import { describeModels } from './describe-models.ts';
import { readLitellmConfig } from './read-litellm-config.ts';

test('prices are told to the last digit, those of pictures and recordings too', () => {
  const text = `
model_list:
  - model_name: a
    litellm_params:
      model: hosted_vllm/a
      api_base: http://x/v1
      input_cost_per_token: 0.0000033
      output_cost_per_token: 0.0000165
  - model_name: draw
    litellm_params: { model: hosted_vllm/draw, api_base: http://x/v1 }
    model_info: { output_cost_per_image: 0.02 }
  - model_name: hear
    litellm_params: { model: hosted_vllm/hear, api_base: http://x/v1 }
    model_info: { input_cost_per_second: 0.00002 }
  - { model_name: dalle, litellm_params: { model: dall-e-3 } }
  - { model_name: none, litellm_params: { model: hosted_vllm/none, api_base: http://x/v1 } }
`;
  const of = { env: {}, at: new Date('2026-11-21T12:00:00Z'), routing: DEFAULT_ROUTING };
  const read = readLitellmConfig(text, of);
  if (read.kind !== 'read') throw new Error('refused');
  const { deployments, routing } = read;
  const told = describeModels({ deployments, routing, cache: CACHE_NOTHING, guardrails: [] });
  expect(told.deployments.map(({ usd_per_mtok: price }) => price)).toEqual([
    '3.3 / 16.5',
    '0.02 a picture',
    '0.00002 a second',
    'by size and quality a picture',
    'unknown',
  ]);
});
