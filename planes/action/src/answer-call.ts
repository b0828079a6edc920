import { found } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import type { callTool, OrganizationId, OutputOf } from '@sagewai/wire';

import { finishCall } from './finish-call.ts';
import { invoke } from './invoke.ts';
import { CallContents } from './keep-contents.ts';
import type { Outcome } from './outcome.ts';
import type { ActionParts } from './parts.ts';
import type { BegunCall, ToolCall } from './tool-call.ts';
import { findCall } from './tool-calls.sql.ts';
import type { Tool } from './tool.ts';

export type Answered = OutputOf<typeof callTool>;

export const NO_SUCH_CALL = 'There is no such call.';

interface Making {
  readonly orgId: OrganizationId;
  readonly actor: string;
  readonly call: BegunCall;
}

/** Broker, invoke, return. */
export async function makeCall(
  parts: ActionParts,
  of: Making & { readonly tool: Tool; readonly args: Readonly<Record<string, unknown>> },
): Promise<Answered> {
  const { orgId, tool, call, args } = of;
  const begunMs = parts.clock.monotonicMs();
  const outcome = await invoke(parts, { orgId, tool, callId: call.id, args });
  parts.meters.ended(tool.kind, outcome, (parts.clock.monotonicMs() - begunMs) / 1_000);
  return concludeCall(parts, of, outcome);
}

/** What somebody is told who has ended a call; who comes too late is told how it is. */
export async function concludeCall(
  parts: ActionParts,
  of: Making,
  outcome: Outcome,
  /** It is this that has ended it. */
  onEnd: () => void = () => undefined,
): Promise<Answered> {
  const { orgId, call } = of;
  const { how } = await finishCall(parts, of, outcome).finally(() => parts.ends.ended(call.id));
  if (how === 'late') return answerCall(parts, orgId, await readCall(parts, orgId, call.id), false);
  onEnd();
  const isDone = outcome.kind === 'completed';
  return {
    ...begunAnswer(call),
    state: outcome.kind,
    result: isDone ? (JSON.parse(outcome.result) as unknown) : null,
    error: isDone ? null : outcome.error,
    message: isDone ? null : outcome.message,
  };
}

/** It was begun, and whoever asked makes it. */
export const begunAnswer = ({ id, argumentsDigest, attempt, runId }: BegunCall): Answered => ({
  call_id: id,
  run_id: runId,
  state: 'running',
  arguments_digest: argumentsDigest,
  result: null,
  error: null,
  message: null,
  repeated: false,
  attempt,
});

/** A call as it stands. */
export async function answerCall(
  { keys, objects }: ActionParts,
  orgId: OrganizationId,
  call: ToolCall,
  repeated: boolean,
): Promise<Answered> {
  const contents = new CallContents(keys, { orgId, id: call.id }, call.sealedKey);
  return {
    ...begunAnswer(call),
    state: call.state,
    result: await contents.read(call, objects),
    error: call.error,
    message: call.messageSealed === null ? null : contents.open('message', call.messageSealed),
    repeated,
  };
}

export function readCall(
  { db }: Pick<ActionParts, 'db'>,
  orgId: OrganizationId,
  id: string,
): Promise<ToolCall> {
  return inTenant(db, [orgId], async (tx) =>
    found(await findCall(tx, { orgId, id }), NO_SUCH_CALL),
  );
}
