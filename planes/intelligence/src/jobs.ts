import { listOrganizationIds } from '@sagewai/identity';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { dropIdleChats } from './chats/chats.sql.ts';
import type { IntelligenceParts } from './intelligence-options.ts';

const ORGANIZATIONS_AT_ONCE = 500;
const CHATS_AT_ONCE = 500;

export function intelligenceJobs({ db, settings }: IntelligenceParts): Job[] {
  return [
    job({
      name: 'intelligence.dropIdleChats',
      everyMs: settings.sweepEveryMs,
      runsOn: 'leader',
      converges: 'chat sessions in which nothing was said for long enough are gone',
      ifItNeverRuns: 'they stay stored, sealed, until somebody deletes them',
      run: async (signal) => {
        let cursor: OrganizationId | undefined;
        do {
          const page = await listOrganizationIds(db, { limit: ORGANIZATIONS_AT_ONCE, cursor });
          for (const orgId of page) {
            const most = { idleMs: settings.chatsKeptMs, limit: CHATS_AT_ONCE };
            let dropped = CHATS_AT_ONCE;
            while (dropped === CHATS_AT_ONCE && !signal.aborted) {
              dropped = await inTenant(db, [orgId], (tx) => dropIdleChats(tx, orgId, most));
            }
          }
          cursor = page.at(-1);
        } while (cursor !== undefined && !signal.aborted);
      },
    }),
  ];
}
