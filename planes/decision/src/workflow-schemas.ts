import { type CheckForeign, compileForeignSchema } from '@sagewai/http';

import type { WorkflowRow } from './workflow.ts';

export interface WorkflowSchemas {
  /** Null: it has none. */
  of(workflow: Pick<WorkflowRow, 'inputSchema'>): Promise<CheckForeign | null>;
}

const KEPT_MAX = 500;

/** Compiled schemas of the workflows that runs were submitted to last, by what they say. */
export function createWorkflowSchemas(): WorkflowSchemas {
  const kept = new Map<string, Promise<CheckForeign | null>>();
  return {
    of: async ({ inputSchema }) => {
      if (inputSchema === null) return null;
      const text = JSON.stringify(inputSchema);
      const compiled = kept.get(text) ?? compile(inputSchema);
      kept.delete(text);
      kept.set(text, compiled);
      const [oldest] = kept.keys();
      if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
      return compiled;
    },
  };
}

/** One that cannot be used was left out when it was registered; then its workers check. */
async function compile(schema: object): Promise<CheckForeign | null> {
  const compiled = await compileForeignSchema(schema);
  return compiled.kind === 'compiled' ? compiled.check : null;
}
