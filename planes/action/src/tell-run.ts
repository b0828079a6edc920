import type { Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { ActionParts } from './parts.ts';
import type { ToolCall } from './tool-call.ts';

/** What a run that waits for a decision about a call waits for. */
const signalName = (callId: string): string => `tool:${callId}`;

/** Whoever has decided, or that nobody has in time: the run that waits for it goes on. */
export async function tellRun(
  { fleet }: Pick<ActionParts, 'fleet'>,
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly call: ToolCall;
    readonly decision: 'approved' | 'denied';
    readonly by: string;
  },
): Promise<void> {
  const { orgId, by, call } = of;
  const { runId, projectId, id } = call;
  if (runId === null) return;
  const value = JSON.stringify(of.decision);
  await fleet.signal(tx, { orgId, projectId, runId, name: signalName(id), value, by });
}
