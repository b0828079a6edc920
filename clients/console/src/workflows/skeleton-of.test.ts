import { expect, test } from 'vitest';

import { skeletonOf } from './skeleton-of.ts';

test('what must be there is there, with defaults where the schema names some', () => {
  expect(
    skeletonOf({
      type: 'object',
      required: ['table', 'mode', 'to'],
      properties: {
        table: { type: 'string' },
        mode: { enum: ['dry', 'real'] },
        to: { type: 'object', required: ['rows'], properties: { rows: { type: 'integer' } } },
        limit: { type: 'number', default: 12 },
        note: { type: 'string' },
      },
    }),
  ).toEqual({ table: '', mode: 'dry', to: { rows: 0 }, limit: 12 });
});

test('what says nothing is null, and what says itself has an end', () => {
  expect(skeletonOf(null)).toBeNull();
  expect(skeletonOf({})).toBeNull();
  const self: Record<string, unknown> = { type: 'object', required: ['self'] };
  self['properties'] = { self };
  expect(JSON.stringify(skeletonOf(self)).length).toBeLessThan(200);
});
