import type { Caller } from '@sagewai/http';
import type { Permission } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { demandToLimit } from './demand-to-limit.ts';

const callerWith = (...permissions: Permission[]): Caller => ({
  kind: 'account',
  id: 'a',
  name: 'ada',
  orgId: null,
  projectId: null,
  scopes: new Set(),
  permissions: new Set(permissions),
});

test('who administers teams without budgets sets and lifts none', () => {
  const caller = callerWith('team:write');
  for (const fields of [
    { max_budget: 1 },
    { max_budget: null },
    { budget_id: 'b' },
    { model_max_budget: {} },
  ]) {
    expect(() => demandToLimit(caller, fields)).toThrow(
      expect.objectContaining({ code: 'caller.forbidden' }),
    );
    expect(() => demandToLimit(callerWith('team:write', 'budget:write'), fields)).not.toThrow();
  }
  expect(() => demandToLimit(caller, { team_alias: 'Blue' })).not.toThrow();
});
