import { expect, test } from 'vitest';

import { environmentForWorkers, modelsForWorkers } from './for-workers.ts';

test('workers get neither the credentials of the server nor what its models file names', () => {
  const file = 'api_key: os.environ/MY_GEMINI\n# os.environ/OTHER_1, "os.environ/THIRD"';
  const environment = {
    PATH: '/bin',
    HTTPS_PROXY: 'http://proxy',
    OPENAI_API_KEY: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    LITELLM_MASTER_KEY: 'c',
    MY_GEMINI: 'd',
    OTHER_1: 'e',
    THIRD: 'f',
  };
  expect(environmentForWorkers(environment, file)).toEqual({
    PATH: '/bin',
    HTTPS_PROXY: 'http://proxy',
  });
  expect(environmentForWorkers(environment, '')).toHaveProperty('MY_GEMINI');
});

test('of a long list a worker serves as many as it may, and the model of the sample run', () => {
  const models = Array.from({ length: 300 }, (_, index) => `m${index}`);
  expect(modelsForWorkers(models.slice(0, 200), 'm7')).toEqual(models.slice(0, 200));
  const some = modelsForWorkers(models, 'm250');
  expect(some).toHaveLength(200);
  expect(some.slice(0, 3)).toEqual(['m250', 'm0', 'm1']);
  expect(modelsForWorkers(models, 'other')).toEqual(models.slice(0, 200));
});
