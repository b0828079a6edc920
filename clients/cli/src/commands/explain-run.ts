import type { Context } from '../context.ts';
import { printColumns } from '../print-columns.ts';

/** Why a run is not running, and which workers come nearest. */
export async function explainRun(context: Context, id: string): Promise<void> {
  const answer = await context.client.call('runs.explainRun', { params: { run_id: id } });
  const reasons = answer.reasons.map(({ text }) => text).join('\n');
  const rows = answer.nearest.map((worker) => [
    worker.name,
    worker.pool,
    `${worker.active_runs}/${worker.max_concurrent}`,
    worker.lacks.join('; ') || 'nothing',
  ]);
  const table = printColumns(['worker', 'pool', 'load', 'lacks'], rows);
  context.show(answer, rows.length === 0 ? reasons : `${reasons}\n\n${table}`);
}
