import { Fault } from '@sagewai/fault';
import { boundProject } from '@sagewai/identity';
import { type ReportQuery, reportSpend, type SpendReport } from '@sagewai/ledger';

import type { KeyReach } from './find-key.ts';
import { daysOf, type Period } from './read-period.ts';
import { mistaken } from './refuse-fields.ts';

/** As many as an answer of LiteLLM's, which has no pages, may have. */
const GROUPS_MAX = 50_000;

export interface Summed extends Period {
  readonly by: ReportQuery['by'];
  readonly only?: NonNullable<ReportQuery['only']>;
  readonly limit?: number | undefined;
}

/** What calls within the caller's reach cost, all of it or the dearest. */
export async function sumUp(
  { tx, orgId, caller }: KeyReach,
  { by, only = {}, from, until, limit }: Summed,
): Promise<SpendReport> {
  if (daysOf(from ?? '2026-01-01', until ?? '2026-01-01') === null) {
    throw mistaken('start_date', 'and end_date must be days, at most ten years apart');
  }
  const project = boundProject(caller);
  const report = await reportSpend(tx, {
    orgId,
    by,
    from,
    until,
    only: { ...only, ...(project === null ? {} : { projectId: project }) },
    page: { offset: 0, limit: limit ?? GROUPS_MAX + 1 },
  });
  if (report.groups.length > GROUPS_MAX) {
    throw new Fault('request.invalid', 'a report of too many groups', {
      detail: 'That is more than one answer can hold: say fewer days, or GET /api/v1/spend/report.',
    });
  }
  return report;
}
