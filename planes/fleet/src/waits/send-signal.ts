import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { sealValue } from '../secrecy/wait-contents.ts';
import type { Resumed } from './wait.ts';
import { resumeRun } from './waits.sql.ts';

export interface RunSignal {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly runId: RunId;
  readonly name: string;
  /** JSON text. */
  readonly value: string | null;
  /** `token:<id>`. */
  readonly by: string;
}

/** For higher planes, in their transaction: a run that waits for it goes on, and it is kept for one that will. */
export async function sendSignal(
  { contentKeys, settings, afterQueued }: FleetParts,
  tx: Tx,
  { name, by, ...of }: RunSignal,
): Promise<Resumed['how'] | 'missing'> {
  const { runId } = of;
  const value = await sealValue(contentKeys, of, of.value);
  const answer = { runId, kind: 'signal' as const, name, wait: null, value, by };
  const resumed = await resumeRun(tx, answer, settings.signalsKeptMax);
  if (resumed?.how === 'resumed') {
    const { line } = resumed;
    tx.onCommit(() => afterQueued([{ ...line, runId }]));
  }
  return resumed?.how ?? 'missing';
}
