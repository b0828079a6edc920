import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfig } from '@sagewai/config';
import { createLog } from '@sagewai/log';
import { expect, onTestFinished, test } from 'vitest';

import { SERVER_FIELDS } from './config.ts';
import { readModels } from './read-models.ts';
import { modelsFileJob } from './reload-models.ts';

test('a credential that has changed elsewhere is applied, though the models file has not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'models-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'models.yaml');
  await writeFile(
    file,
    JSON.stringify({
      model_list: [
        {
          model_name: 'm',
          litellm_params: {
            model: 'openai/m',
            api_base: 'http://127.0.0.1:9',
            api_key: 'os.environ/KEY',
          },
        },
      ],
    }),
  );
  const config = readConfig(SERVER_FIELDS, {
    flags: { config: file },
    environment: { DATABASE_URL: 'postgresql://localhost/x' },
  });
  const env: Record<string, string> = { KEY: 'one-credential' };
  const read = await readModels(config, env);
  const applied: unknown[] = [];
  let hasChanged = false;
  const job = modelsFileJob(config, env, {
    models: { current: read.config, text: read.text },
    gateway: { apply: (next) => void applied.push(next) },
    log: createLog({ level: 'error', name: 'test' }),
    note: () => undefined,
    refresh: () => Promise.resolve(hasChanged),
  });
  const run = (): Promise<void> => job.run(new AbortController().signal);
  await run();
  expect(applied).toHaveLength(0);
  hasChanged = true;
  await run();
  expect(applied).toHaveLength(1);
});
