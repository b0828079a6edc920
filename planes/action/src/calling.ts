import { Fault } from '@sagewai/fault';
import { demandOrganization } from '@sagewai/fleet';
import { type Caller, found } from '@sagewai/http';
import { boundProject, leaseOf } from '@sagewai/identity';
import { nameActor } from '@sagewai/trust';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { ToolCall } from './tool-call.ts';

/** Who calls a tool, and for which project. */
export interface Calling {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly runId: RunId | null;
  readonly actor: string;
}

export function callingOf(caller: Caller): Calling {
  const { projectId } = caller;
  if (projectId === null) throw new Fault('project.missing', 'the caller has no project');
  return {
    orgId: demandOrganization(caller),
    projectId,
    runId: leaseOf(caller)?.runId ?? null,
    actor: nameActor(caller),
  };
}

/** Whose calls somebody sees: of its project; a run its own, and a key what it has asked for. */
export function seenBy(caller: Caller): {
  readonly projectId: ProjectId | null;
  readonly runId?: string;
  readonly requestedBy?: string;
} {
  const lease = leaseOf(caller);
  if (lease !== null) return { projectId: caller.projectId, runId: lease.runId };
  if (caller.kind === 'key') {
    return { projectId: caller.projectId, requestedBy: nameActor(caller) };
  }
  return { projectId: boundProject(caller) };
}

/** Whose it is not, to that caller it is not there. */
export function demandSeen(call: ToolCall | null, caller: Caller): ToolCall {
  const { projectId, runId, requestedBy } = seenBy(caller);
  const isSeen =
    call !== null &&
    (projectId === null || call.projectId === projectId) &&
    (runId === undefined || call.runId === runId) &&
    (requestedBy === undefined || call.requestedBy === requestedBy);
  return found(isSeen ? call : null, 'There is no such call.');
}
