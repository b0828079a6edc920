import { type Caller, found } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import { submitterOf } from '../identity/calling-person.ts';
import type { FleetParts } from '../parts.ts';
import { openContents } from '../secrecy/open-contents.ts';
import { placeMistakes } from './place-mistakes.ts';
import { findRuns } from './runs.sql.ts';
import type { Accepted, Submission } from './submissions.ts';
import { toRun } from './to-wire.ts';

export type WireRun = ReturnType<typeof toRun>;

interface SubmittingRuns {
  submitOne(caller: Caller, submission: Submission, runId: RunId): Promise<Accepted>;
  readRuns(tx: Tx, orgId: OrganizationId, runIds: readonly RunId[]): Promise<readonly WireRun[]>;
}

/** How a higher plane has runs done, and reads of them. */
export function submitting({ submissions, contentKeys }: FleetParts): SubmittingRuns {
  return {
    submitOne: async (caller: Caller, submission: Submission, runId: RunId): Promise<Accepted> => {
      const submitted = submissions.submit([submission], submitterOf(caller), [runId]);
      const [run] = await placeMistakes('', submitted);
      return found(run, 'There is no such run.');
    },
    readRuns: async (
      tx: Tx,
      orgId: OrganizationId,
      runIds: readonly RunId[],
    ): Promise<readonly WireRun[]> => {
      const rows = await findRuns(tx, runIds);
      return (await openContents(contentKeys, { orgId, tx }, rows)).map(toRun);
    },
  };
}
