import { takeBack } from '../dispatch/leases.sql.ts';
import type { FleetParts } from '../parts.ts';
import type { ClaimedRun } from '../runs/run.ts';
import type { CallingWorker } from '../workers/worker.ts';

type Read =
  | { readonly kind: 'read'; readonly run: ClaimedRun }
  | { readonly kind: 'gone' | 'unreachable'; readonly run: ClaimedRun };

export const PAYLOAD_GONE = 'its payload is gone from the object store';

/**
 * Runs with what their payloads refer to. A run whose payload is gone ends here, for nobody could do it; one
 * whose payload cannot be read now goes back, and the attempt does not count. The others are given.
 */
export async function readPayloads(
  parts: FleetParts,
  worker: CallingWorker,
  runs: readonly ClaimedRun[],
): Promise<readonly ClaimedRun[]> {
  const { largeContents } = parts;
  const { orgId } = worker.record.capabilities;
  const payloads = runs.map(({ runId, payload }) =>
    largeContents.resolve({ orgId, runId, kind: 'payload' }, payload),
  );
  if (payloads.every((payload) => typeof payload === 'string')) return runs;
  const all = await Promise.all(
    runs.map(async (run, at): Promise<Read> => {
      try {
        const payload = (await payloads[at]) ?? null;
        if (payload === null) return { kind: 'gone', run };
        return { kind: 'read', run: { ...run, payload } };
      } catch (error) {
        parts.log.warn('a payload could not be read', { run: run.runId, error });
        return { kind: 'unreachable', run };
      }
    }),
  );
  const only = (kind: Read['kind']): ClaimedRun[] =>
    all.filter((each) => each.kind === kind).map(({ run }) => run);
  await endThose(parts, worker, only('gone'));
  const back = only('unreachable');
  if (back.length > 0) {
    const why = 'the object store did not answer';
    parts.afterTakenBack(await takeBack(parts.db, back, { why, counts: false }));
  }
  return only('read');
}

async function endThose(
  { reports }: FleetParts,
  { record, sessionEpoch }: CallingWorker,
  runs: readonly ClaimedRun[],
): Promise<void> {
  if (runs.length === 0) return;
  await reports.report(
    runs.map(({ runId, epoch }) => ({
      runId,
      orgId: record.capabilities.orgId,
      workerNum: record.num,
      sessionEpoch,
      epoch,
      status: 'failed' as const,
      output: null,
      error: PAYLOAD_GONE,
      retry: false,
      errorClass: 'payload_gone',
      deadLetter: false,
    })),
  );
}
