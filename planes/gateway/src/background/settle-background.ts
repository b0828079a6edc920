import { ANONYMOUS, type Caller } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { ProjectId } from '@sagewai/wire';

import { askProvider } from '../batches/ask-provider.ts';
import { type BatchParts, findDeployment } from '../batches/batch-parts.ts';
import { RESPONSES } from '../formats/responses.ts';
import {
  type DueResponse,
  endOpen,
  findDueResponse,
  listDueResponses,
  putOffResponse,
  responsesDue,
} from './background.sql.ts';
import type { BackgroundSettings } from './background.ts';
import { settleHeard } from './settle-response.ts';

const AT_ONCE = 50;

export type BackgroundJobParts = Pick<
  BatchParts,
  'db' | 'ledger' | 'catalogue' | 'switchboard' | 'log' | 'meters'
> & { readonly settings: BackgroundSettings; readonly answerBytesMax: number };

export function settleBackgroundJob(parts: BackgroundJobParts): Job {
  return job({
    name: 'gateway.settleBackground',
    everyMs: parts.settings.askMs,
    due: { inMs: responsesDue, atLeastEveryMs: 60_000 },
    runsOn: 'leader',
    converges: 'a response that was made in the background is booked as what it used',
    ifItNeverRuns: 'responses that nobody asks for expire, and are booked in full as unknown',
    run: async (signal) => {
      for (const due of await listDueResponses(parts.db, AT_ONCE)) {
        if (signal.aborted) return;
        try {
          await look(due, parts);
        } catch (error) {
          parts.log.warn('a response could not be asked after', { response: due.id, error });
          await putOffResponse(parts.db, due, waitFor(due, parts.settings));
        }
      }
    },
  });
}

const waitFor = ({ asked }: DueResponse, { askMs, askMsMax }: BackgroundSettings): number =>
  Math.min(askMsMax, askMs * 2 ** Math.min(asked, 20));

async function look(due: DueResponse, parts: BackgroundJobParts): Promise<void> {
  const { db, switchboard, settings } = parts;
  const { orgId, id } = due;
  const open = await findDueResponse(db, due);
  if (open === null || open.ageMs > settings.giveUpMs) {
    await inTenant(db, [orgId], (tx) => endOpen(tx, orgId, id)); // L3
    return;
  }
  // Where it was made, also when its project has got another credential since: it is to be booked all the same.
  const projectId = open.projectId as ProjectId;
  const by: Caller = { ...ANONYMOUS, kind: 'key', orgId, projectId };
  const deployment =
    (await findDeployment(parts, open.deployment, by)) ??
    (await findDeployment(parts, open.deployment));
  const later = (): Promise<void> => putOffResponse(db, due, waitFor(due, settings));
  if (deployment === null) return later();
  const { status, body } = await askProvider(switchboard, deployment, {
    of: RESPONSES,
    method: 'GET',
    below: `/${encodeURIComponent(open.providerId)}`,
    bytesMax: parts.answerBytesMax,
  });
  const heard = { orgId, id, deployment };
  if (status >= 300 || (await settleHeard(parts, heard, body)) === 'goes_on') return later();
}
