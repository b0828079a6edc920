import type { Caller } from '@sagewai/http';

import type { Catalogue } from '../models/catalogue.ts';
import { buildModelTable, type ModelGroup } from '../models/model-table.ts';
import type { CredentialBook } from './credential-book.ts';

/** A catalogue in which each caller finds of every model what its project may be sent to. */
export function withCredentials(
  catalogue: Catalogue,
  book: Pick<CredentialBook, 'narrow' | 'ready'>,
): Catalogue {
  const narrow = (group: ModelGroup | undefined, by: Caller): ModelGroup | undefined =>
    // Known, and reached by nobody who asks so: whoever calls it is told why.
    group && (book.narrow(group, by) ?? { ...group, deployments: [] });
  return {
    ...catalogue,
    find: (name, by) => {
      const found = catalogue.find(name, by);
      if (by === undefined) return found;
      const waits = book.ready();
      if (waits === null && !(found instanceof Promise)) return narrow(found, by);
      return Promise.all([found, waits]).then(([group]) => narrow(group, by));
    },
    all: async (by) => {
      const [table] = await Promise.all([catalogue.all(by), book.ready()]);
      if (by === undefined) return table;
      const own = table.groups.flatMap((group) => book.narrow(group, by) ?? []);
      const isSame =
        own.length === table.groups.length && own.every((one, at) => one === table.groups[at]);
      return isSame ? table : buildModelTable(own.flatMap(({ deployments }) => deployments));
    },
  };
}
