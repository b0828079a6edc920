import { expect, test } from 'vitest';

import { explain } from './explain.ts';
import { explanationText } from './explanation-text.ts';
import { field } from './kinds.ts';

const rows = explain(
  {
    PORT: field.integer({ default: 8000, description: 'Where it listens' }),
    LIMIT: field.integer({ description: 'How much', min: 1 }),
    TOKEN: field.secret({ default: null, description: 'Who it is' }),
    PLACE: field.string({ default: null, description: 'Where it is' }),
  },
  { environment: { LIMIT: 'seventeen', TOKEN: 'sat-confidential' } },
);

test('says of each setting its value, where it came from, and what it is', () => {
  expect(explanationText(rows, false).split('\n')).toEqual([
    'PORT=8000  (default) Where it listens',
    'LIMIT  (environment) NOT VALID: LIMIT: expected a whole number of at least 1. How much',
    'TOKEN=[secret]  (environment) Who it is',
    'PLACE=  (default) Where it is',
    '',
  ]);
});

test('programs get the same as one line of JSON', () => {
  const text = explanationText(rows, true);
  expect(text.indexOf('\n')).toBe(text.length - 1);
  expect(JSON.parse(text)).toEqual(rows);
});

test('neither shows a value that is secret or not valid', () => {
  for (const json of [true, false]) {
    expect(explanationText(rows, json)).not.toMatch(/confidential|seventeen/);
  }
});
