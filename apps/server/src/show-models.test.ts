import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigError } from '@sagewai/config';
import { tempHome } from '@sagewai/testing';
import { expect, test } from 'vitest';

import { showModels } from './show-models.ts';

const FILE = `
model_list:
  - model_name: gpt-4o
    litellm_params: { model: gpt-4o, api_key: os.environ/OPENAI_API_KEY, rpm: 60 }
  - model_name: gemini-flash
    litellm_params: { model: gemini/gemini-2.0-flash, api_key: os.environ/GOOGLE_API_KEY }
  - model_name: house
    litellm_params: { model: openai/x, api_base: "http://a:pw-secret@house.example/v1?key=url-secret" }
router_settings:
  routing_strategy: cost-based-routing
  redis_host: localhost
general_settings: { master_key: sk-very-secret }
`;

async function show(text: string, ...flags: string[]): Promise<string> {
  await using folder = await tempHome();
  const file = join(folder.path, 'litellm-config.yaml');
  await writeFile(file, text);
  const out: string[] = [];
  const env = { OPENAI_API_KEY: 'sk-provider-secret' };
  expect(await showModels([file, ...flags], env, (each) => void out.push(each))).toBe(0);
  return out.join('');
}

test('shows what a file became, what is left out and what is not used, and no secret', async () => {
  const text = await show(FILE);
  expect(text).toMatch(/MODEL +DEPLOYMENT +PROVIDER/);
  expect(text).toMatch(
    /^gpt-4o +config-1 +openai +gpt-4o +https:\/\/api.openai.com\/v1 +set +2.5 \/ 10 .* 60 /m,
  );
  expect(text).toContain('routing_strategy: cost-based-routing');
  expect(text).toContain('line 6: model_list[1].litellm_params.api_key: GOOGLE_API_KEY is not set');
  expect(text).toContain('line 11: router_settings.redis_host: is not used here');
  expect(text).not.toContain('secret');
  const json = JSON.parse(await show(FILE, '--json')) as Record<string, unknown>;
  expect(json).toMatchObject({
    deployments: [
      { model: 'gpt-4o', credential: 'set', rpm: 60 },
      { model: 'house', base_url: 'http://house.example/v1' },
    ],
    routing: { routing_strategy: 'cost-based-routing', num_retries: 3 },
    notices: [{ line: 6 }, { line: 11 }],
  });
});

test('says when there is nothing to say, and every mistake with its line', async () => {
  expect(await show('model_list: []')).toContain('Everything in the file is used.');
  await expect(show('model_list:\n  - { model_name: x }')).rejects.toThrow(
    /line 2: model_list\[0\].litellm_params.model: expected a name/,
  );
  await expect(showModels([], {}, () => undefined)).rejects.toThrow(ConfigError);
});
