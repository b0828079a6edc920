import { expect, test } from 'vitest';

import { declaresOtherwise } from './declares-otherwise.ts';

const kept = {
  pool: 'gpu',
  models: ['a', 'b'],
  labels: { x: '1', y: '2' },
  project: 'web',
  seal_key: 'a',
};
const nothing = { pool: 'default', models: [], labels: {} };

test.each([
  ['nothing is said', nothing, null],
  [
    'the same is said, in another order',
    { pool: 'gpu', models: ['b', 'a'], labels: { y: '2', x: '1' } },
    null,
  ],
  ['another pool', { ...nothing, pool: 'cpu' }, 'pool'],
  ['other models', { ...nothing, models: ['a'] }, 'models'],
  ['another sealing key', { ...nothing, seal_key: 'b' }, 'seal_key'],
  ['another project', { ...nothing, project: 'shop' }, 'project'],
  ['no project, which is no declaration', { ...nothing, project: '' }, null],
  ['other labels', { ...nothing, labels: { x: '2', y: '2' } }, 'labels'],
])('%s', (_, now, changed) => {
  expect(declaresOtherwise(kept, now)).toBe(changed);
});
