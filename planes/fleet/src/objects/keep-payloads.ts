import type { NewRun } from '../runs/run.ts';
import type { LargeContents } from './large-contents.ts';

/** The runs as they are to be stored, what is large in the store already (O2). */
export async function keepPayloads(
  large: LargeContents,
  runs: readonly NewRun[],
): Promise<NewRun[]> {
  return Promise.all(
    runs.map(async (run) => {
      const { orgId, runId } = run;
      const kept = large.keep({ orgId, runId, kind: 'payload' }, run.payload);
      return typeof kept === 'string' ? run : { ...run, payload: await kept };
    }),
  );
}
