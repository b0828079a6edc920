import { type Job, job } from '@sagewai/jobs';
import { findBreaking } from '@sagewai/postgres';

import type { Databases } from './open-database.ts';

/** A process of a former version must not go on after a migration that it cannot stand. */
export const schemaJob = (
  { request, migrations }: Pick<Databases, 'request' | 'migrations'>,
  onOutdated: (migration: string) => void,
): Job =>
  job({
    name: 'server.schema',
    everyMs: 15_000,
    runsOn: 'every-replica',
    converges: 'no process serves a schema that is not its own',
    ifItNeverRuns: 'an old process answers errors until it is stopped by hand',
    run: async () => {
      const migration = await findBreaking(request, migrations);
      if (migration !== null) onOutdated(migration);
    },
  });
