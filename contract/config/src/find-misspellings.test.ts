import { expect, test } from 'vitest';

import { findMisspellings, suggest } from './find-misspellings.ts';

const known = ['SAGEWAI_HOME', 'SAGEWAI_ENCRYPTION_KEY', 'SAGEWAI_URL', 'DATABASE_URL'];

test('a variable under our prefix that resembles a known one is pointed out', () => {
  const environment = {
    SAGEWAI_HOEM: 'x',
    SAGEWAI_ENCRYPTON_KEY: 'x',
    SAGEWAI_URL: 'x',
    PATH: 'x',
    DATABSE_URL: 'x',
  };
  expect(findMisspellings(known, environment)).toEqual([
    { name: 'SAGEWAI_HOEM', suggestion: 'SAGEWAI_HOME' },
    { name: 'SAGEWAI_ENCRYPTON_KEY', suggestion: 'SAGEWAI_ENCRYPTION_KEY' },
  ]);
});

test('one that resembles nothing passes', () => {
  expect(findMisspellings(known, { SAGEWAI_QUEUE_DEPTH: '1' })).toEqual([]);
});

test.each([
  ['wrokers', 'workers'],
  ['subimt', 'submit'],
  ['worke', 'worker'],
  ['xyz', null],
  ['ls', null],
])('%s means %s', (word, meant) => {
  expect(suggest(word, ['worker', 'workers', 'submit', 'up'])).toBe(meant);
});
