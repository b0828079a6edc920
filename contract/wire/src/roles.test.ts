import { expect, test } from 'vitest';

import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { ROLE_PERMISSIONS } from './roles.ts';

const endpoints: Endpoint[] = Object.values(ENDPOINTS);
/** Who may read tools, or runs, may ask what there is; a call in it takes `tool:call` or `run:submit`, as everywhere. */
const READS_TOO: readonly string[] = ['tools.exchangeMcp', 'a2a.exchange', 'a2a.exchangeAgent'];
const changing = endpoints.filter(
  ({ id, audit }) => !READS_TOO.includes(id) && (audit === 'record' || audit === 'batch'),
);

test.each(['auditor', 'viewer'] as const)('%s changes nothing', (role) => {
  const may = changing.filter(({ permission }) => ROLE_PERMISSIONS[role].has(permission as never));
  expect(may.map(({ id }) => id)).toEqual([]);
});

test('an auditor reads everything that is read with a permission of the organization', () => {
  const owner = ROLE_PERMISSIONS.owner;
  const hidden = endpoints.filter(
    ({ audit, permission }) =>
      audit === 'read' &&
      owner.has(permission as never) &&
      !ROLE_PERMISSIONS.auditor.has(permission as never),
  );
  // Tries what a trigger would do, with a message that the caller makes up.
  expect(hidden.map(({ id }) => id)).toEqual(['triggers.testTrigger']);
});

test('each role has what the weaker one has', () => {
  const { owner, admin, developer, operator, viewer } = ROLE_PERMISSIONS;
  for (const [more, less] of [
    [owner, admin],
    [admin, operator],
    [admin, developer],
    [operator, viewer],
    [developer, viewer],
  ] as const) {
    expect([...less].filter((permission) => !more.has(permission))).toEqual([]);
  }
});
