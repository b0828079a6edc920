import type { WorkflowRow } from './workflow.ts';

/** Which version a run is checked by: the one that it pins, else the first, as they are listed (W2). */
export function chooseWorkflow(
  rows: readonly WorkflowRow[],
  pinned: string | undefined,
): WorkflowRow | null {
  return rows.find(({ version }) => version === pinned) ?? rows[0] ?? null;
}
