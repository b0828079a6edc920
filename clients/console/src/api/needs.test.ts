import { type Endpoint, ENDPOINTS } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { NEEDS } from './needs.ts';

test('a button asks for the permission that the server will ask for', () => {
  const endpoints: readonly Endpoint[] = ENDPOINTS;
  const declared = new Map(endpoints.map(({ id, permission }) => [id, permission]));
  const expected = Object.keys(NEEDS).map((id) => [id, declared.get(id)]);
  expect(Object.entries(NEEDS)).toEqual(expected);
});
