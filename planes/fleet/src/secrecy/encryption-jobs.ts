import { type Job, job } from '@sagewai/jobs';

import { encryptionDue, versionsDue } from '../due.sql.ts';
import type { FleetParts } from '../parts.ts';
import { reencryptContents } from './reencrypt-contents.ts';

export function encryptionJobs({
  db,
  dispatch,
  log,
  settings,
  contentKeys: keys,
  largeContents: large,
}: FleetParts): Job[] {
  return [
    job({
      name: 'fleet.content-keys',
      everyMs: settings.contentKeysEveryMs,
      runsOn: 'every-replica',
      due: { inMs: () => versionsDue(keys.known), atLeastEveryMs: 10_000 },
      converges: 'this replica knows who encrypts, and forgets keys that were replaced',
      ifItNeverRuns: 'what another replica has switched on or rotated is not noticed here',
      run: () => keys.refresh(),
    }),

    job({
      name: 'fleet.reencrypt',
      everyMs: settings.reencryptEveryMs,
      runsOn: 'leader',
      due: { inMs: encryptionDue, atLeastEveryMs: 60_000 },
      converges: 'contents stand under the present key of their project, and no older key is left',
      ifItNeverRuns: 'what was stored before a switch or a rotation stays as it was',
      run: (signal) =>
        reencryptContents(
          {
            db,
            dispatch,
            log,
            keys,
            large,
            batch: settings.reencryptBatch,
            graceMs: settings.contentKeyGraceMs,
          },
          signal,
        ),
    }),
  ];
}
