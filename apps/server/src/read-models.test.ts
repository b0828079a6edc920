import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfig } from '@sagewai/config';
import { expect, onTestFinished, test } from 'vitest';

import { SERVER_FIELDS, type ServerConfig } from './config.ts';
import { readModels } from './read-models.ts';

const configWith = (file: string): ServerConfig =>
  readConfig(SERVER_FIELDS, {
    environment: { DATABASE_URL: 'postgresql://localhost/sagewai', SAGEWAI_CONFIG: file },
  });

async function fileOf(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-models-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'litellm-config.yaml');
  await writeFile(file, text);
  return file;
}

const LIST = `
model_list:
  - model_name: house
    litellm_params:
      model: openai/house-1
      api_base: http://127.0.0.1:9/v1
      api_key: os.environ/HOUSE_KEY
`;

test('reads the list, with the keys that the environment holds', async () => {
  const { config } = await readModels(configWith(await fileOf(LIST)), { HOUSE_KEY: 'sk-house' });
  expect(config.deployments).toMatchObject([{ model: 'house', upstreamModel: 'house-1' }]);
  expect(config.deployments[0]?.endpoint.credential?.reveal()).toBe('sk-house');
});

test('a key that is not set leaves its deployment out, and is told with its line', async () => {
  const { config, notices } = await readModels(configWith(await fileOf(LIST)), {});
  expect(config.deployments).toEqual([]);
  expect(notices).toMatchObject([{ line: 7, path: 'model_list[0].litellm_params.api_key' }]);
});

test('a file that is not there, or is none, is a mistake of the settings', async () => {
  await expect(readModels(configWith('/nowhere/list.yaml'), {})).rejects.toThrow(
    /SAGEWAI_CONFIG .*no such file/,
  );
  await expect(readModels(configWith(await fileOf('model_list:\n  - a: [\n')), {})).rejects.toThrow(
    /SAGEWAI_CONFIG .*litellm-config.yaml: line \d+: .*it is not YAML/,
  );
});
