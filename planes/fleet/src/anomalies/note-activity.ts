import { canonicalModel } from '@sagewai/wire';

import type { ReportAnswer } from '../dispatch/leases.sql.ts';
import type { CallingWorker } from '../workers/worker.ts';
import type { Activity } from './activity.ts';
import { MODEL_MISSING_CLASS, STOPPED_CLASS } from './anomaly.ts';

/** How many of these models are not recorded of the worker. Recorded is what was allowed at enrollment. */
export function noteModels(
  activity: Activity,
  { record }: CallingWorker,
  models: readonly string[],
): void {
  const recorded = new Set(record.models.map(canonicalModel));
  const others = models.filter((model) => !recorded.has(canonicalModel(model)));
  if (others.length > 0) activity.note(record.num, 'model_mismatch', others.length);
}

export interface NotedReport {
  readonly status?: 'completed' | 'failed' | 'cancelled' | 'released';
  readonly error_class?: string;
  readonly model?: string;
}

/** What an accepted report says of its worker; a repeated or a late one says nothing new. */
export function noteReport(
  activity: Activity,
  worker: CallingWorker,
  { report, answer }: { readonly report: NotedReport; readonly answer: ReportAnswer | undefined },
): void {
  if (answer === undefined || answer.how === 'lost' || answer.how === 'repeated') return;
  const { num } = worker.record;
  const isMissing = report.error_class === MODEL_MISSING_CLASS;
  if (report.model !== undefined) noteModels(activity, worker, [report.model]);
  if (isMissing) activity.note(num, 'model_mismatch');
  const isToBlame = report.status === 'failed' && report.error_class !== STOPPED_CLASS;
  if (isToBlame) activity.note(num, 'excessive_failures');
}
