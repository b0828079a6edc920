import type { QueryClient } from '@tanstack/react-query';

import type { Store } from '../store.ts';
import type { Connection } from './server.ts';

/**
 * Asks elsewhere from now on. The server's answers are kept under their questions alone: what another organization or
 * project was told is forgotten, whether or not it is looked at.
 */
export function moveTo(
  where: Store<Connection>,
  queries: Pick<QueryClient, 'resetQueries'>,
  to: Pick<Connection, 'organization' | 'project'>,
): void {
  where.set({ ...where.get(), ...to });
  void queries.resetQueries();
}
