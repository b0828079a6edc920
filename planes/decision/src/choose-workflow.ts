import type { WorkflowRow } from './workflow.ts';

/** Which version a run is checked by: the one that it pins, else the first, as they are listed (W2). */
export function chooseWorkflow(
  rows: readonly WorkflowRow[],
  pinned: string | undefined,
): WorkflowRow | null {
  return rows.find(({ version }) => version === pinned) ?? rows[0] ?? null;
}

/** Of each name the first. */
export function newestOfEach(rows: readonly WorkflowRow[]): WorkflowRow[] {
  const seen = new Set<string>();
  return rows.filter(({ name, projectId }) => {
    const key = `${projectId ?? ''} ${name}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
