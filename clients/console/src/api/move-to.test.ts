import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';

import { createStore } from '../store.ts';
import { moveTo } from './move-to.ts';
import type { Connection } from './server.ts';

test('what one organization was told is not shown to whoever looks at another', async () => {
  const where = createStore<Connection>({ token: 'sat-1', organization: 'a', project: 'p' });
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const looked = new QueryObserver(queries, {
    queryKey: ['gateway.listKeys'],
    queryFn: () => Promise.resolve(`keys of ${where.get().organization ?? 'nobody'}`),
  });
  const leave = looked.subscribe(() => undefined);
  await vi.waitFor(() => expect(looked.getCurrentResult().data).toBe('keys of a'));
  queries.setQueryData(['ledger.listBudgets'], 'budgets of a');
  moveTo(where, queries, { organization: 'b', project: null });
  expect(where.get()).toEqual({ token: 'sat-1', organization: 'b', project: null });
  expect(queries.getQueryData(['ledger.listBudgets'])).toBeUndefined();
  expect(looked.getCurrentResult().data).toBeUndefined();
  await vi.waitFor(() => expect(looked.getCurrentResult().data).toBe('keys of b'));
  leave();
  queries.clear();
});
