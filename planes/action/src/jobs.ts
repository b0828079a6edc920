import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import { blobKey } from './keep-contents.ts';
import type { ActionParts } from './parts.ts';
import { tellRun } from './tell-run.ts';
import {
  denyCall,
  dropCall,
  findCall,
  giveUpCall,
  listDueCalls,
  nextDueMs,
} from './tool-calls.sql.ts';

const AT_ONCE = 200;
const ACTOR = 'action';

interface Due {
  readonly orgId: OrganizationId;
  readonly id: string;
}

export function actionJobs(parts: ActionParts): Job[] {
  return [
    job({
      name: 'action.sweep',
      everyMs: parts.settings.sweepEveryMs,
      runsOn: 'leader',
      due: { inMs: nextDueMs, atLeastEveryMs: 60_000 },
      converges:
        'calls whose end nobody has written are unknown, and what was kept for long enough is gone',
      ifItNeverRuns:
        'calls of servers that were killed stay running until they are asked for again',
      run: async (signal) => {
        for (const due of await listDueCalls(parts.dispatch, AT_ONCE)) {
          if (signal.aborted) return;
          await close(parts, due).catch((error: unknown) => {
            parts.log.error('a call of a tool could not be closed', { call: due.id, error });
          });
        }
      },
    }),
  ];
}

/** Whatever has become of it since it was listed: each statement asks again whether its time is up. */
async function close(parts: ActionParts, { orgId, id }: Due): Promise<void> {
  const { db, objects } = parts;
  const { keepMs } = parts.settings;
  const blob = await inTenant(db, [orgId], async (tx) => {
    const entry = (action: string) =>
      appendAudit(tx, {
        orgId,
        actor: ACTOR,
        action,
        subject: `tool_call:${id}`,
        outcome: 'ok',
        requestId: '',
        details: {},
      });
    if (await giveUpCall(tx, { orgId, id, keepMs })) return entry('tool.unknown'); // A3
    const call = await findCall(tx, { orgId, id });
    if (call?.endedAt === null) {
      const of = { orgId, id, by: null, error: 'denied', messageSealed: null, keepMs } as const;
      if (!(await denyCall(tx, { ...of, isDue: true }))) return null;
      await tellRun(parts, tx, { orgId, call, decision: 'denied', by: ACTOR });
      return entry('tool.denied');
    }
    return dropCall(tx, { orgId, id });
  });
  if (blob && blob.isBlob && blob.resultDigest !== null) {
    await objects.delete(blobKey({ orgId, id }, blob.resultDigest));
  }
}
