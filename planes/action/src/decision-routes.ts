import { Fault } from '@sagewai/fault';
import { demandOrganization, findRunState } from '@sagewai/fleet';
import { found, implement, implementOwn, type Route } from '@sagewai/http';
import { personBehind } from '@sagewai/identity';
import { inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import { approveToolCall, denyToolCall, redriveToolCall } from '@sagewai/wire';

import { answerCall, NO_SUCH_CALL, readCall } from './answer-call.ts';
import { askTool } from './call-routes.ts';
import { demandSeen } from './calling.ts';
import { CallContents } from './keep-contents.ts';
import type { ActionParts } from './parts.ts';
import { tellRun } from './tell-run.ts';
import { callToWire } from './to-wire.ts';
import type { ToolCall } from './tool-call.ts';
import { approveCall, denyCall, findCall, reviveCall } from './tool-calls.sql.ts';
import { isRepeatable, needsApproval } from './tool.ts';
import { findToolById } from './tools.sql.ts';

const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

type Args = Readonly<Record<string, unknown>>;

/** People about calls: which may be made, and which that are dead are made again. */
export function decisionRoutes(parts: ActionParts): Route[] {
  const { settings, keys } = parts;
  return [
    implement(approveToolCall, async ({ tx, orgId, caller, params, body, audit }) => {
      const id = params.call_id;
      const call = demandSeen(await findCall(tx, { orgId, id }), caller);
      const { arguments_digest: argumentsDigest } = body;
      audit.about(`tool_call:${id}`, { tool: call.toolName, arguments_digest: argumentsDigest });
      const by = nameActor(caller);
      const person = (actor: string) => personBehind(tx, { orgId, actor });
      if ((await person(by)) === (await person(call.requestedBy))) {
        throw new Fault('caller.forbidden', 'whoever asks for a call does not approve it', {
          detail: 'Whoever asked for this call does not approve it: somebody else does.',
        });
      }
      await demandAlive(tx, call);
      const of = { orgId, id, argumentsDigest, by, approvedMs: settings.approvedMs };
      if (!(await approveCall(tx, of))) throw notWaiting(call, argumentsDigest); // A4
      await tellRun(parts, tx, { orgId, call, decision: 'approved', by });
      return callToWire(found(await findCall(tx, { orgId, id }), NO_SUCH_CALL));
    }),

    implement(denyToolCall, async ({ tx, orgId, caller, params, body, audit }) => {
      const id = params.call_id;
      const call = demandSeen(await findCall(tx, { orgId, id }), caller);
      audit.about(`tool_call:${id}`, { tool: call.toolName });
      const by = nameActor(caller);
      const contents = new CallContents(keys, { orgId, id }, call.sealedKey);
      const messageSealed = contents.seal('message', body.reason ?? 'denied');
      const of = {
        orgId,
        id,
        by,
        error: 'denied',
        messageSealed,
        keepMs: settings.keepMs,
      } as const;
      if (!(await denyCall(tx, of))) throw notWaiting(call, call.argumentsDigest);
      await tellRun(parts, tx, { orgId, call, decision: 'denied', by });
      return callToWire(found(await findCall(tx, { orgId, id }), NO_SUCH_CALL));
    }),

    implementOwn(redriveToolCall, async ({ params, body, caller, request }) => {
      const orgId = demandOrganization(caller);
      const by = nameActor(caller);
      const id = params.call_id;
      const revived = await inTenant(parts.db, [orgId], async (tx) => {
        const call = demandSeen(await findCall(tx, { orgId, id }), caller);
        const tool = found(
          await findToolById(tx, orgId, call.toolId),
          'There is no such tool any more.',
        );
        if (tool.kind === 'worker') throw refusedRedrive('it is made by a worker, under its run');
        // It was approved since: it is made.
        if (call.state === 'approved') return { call, isGated: false };
        const mayHaveHappened = isDone(call) && !isRepeatable(tool.manifest);
        if (mayHaveHappened && body.accept_unknown !== true) {
          throw refusedRedrive(
            'it may have had its effect: accept_unknown says that it may have it twice',
          );
        }
        // What needed an approval needs another one: it was for what was made then.
        const isGated = needsApproval(tool.manifest);
        const state = isGated ? 'waiting' : 'approved';
        const dueMs = isGated ? settings.decideMs : settings.approvedMs;
        const was = { state: call.state, attempt: call.attempt };
        if (!(await reviveCall(tx, { orgId, id, was, state, by, tool, dueMs }))) {
          throw refusedRedrive(`it is ${call.state}`);
        }
        await appendAudit(tx, {
          orgId,
          actor: by,
          action: redriveToolCall.id,
          subject: `tool_call:${id}`,
          outcome: 'ok',
          requestId: request.id,
          details: {
            tool: call.toolName,
            was: call.state,
            accept_unknown: body.accept_unknown === true,
          },
        });
        return { call, isGated };
      });
      const { call, isGated } = revived;
      if (isGated) return answerCall(parts, orgId, await readCall(parts, orgId, id), false);
      const contents = new CallContents(keys, { orgId, id }, call.sealedKey);
      const args = JSON.parse(contents.open('arguments', call.argumentsSealed) ?? '{}') as Args;
      const asked = { tool: call.toolName, arguments: args, key: call.key };
      const { projectId, runId } = call;
      return askTool(parts, { orgId, projectId, runId, actor: by }, asked, request.signal);
    }),
  ];
}

/** Nobody knows whether it had its effect; or it was answered by what had it, though not as it should have been. */
const isDone = ({ state, error }: ToolCall): boolean =>
  state === 'unknown' || error === 'garbage' || error === 'oversized';

/** A run that is over does nothing any more: nothing is approved for it. */
async function demandAlive(tx: Tx, { runId, requestedBy }: ToolCall): Promise<void> {
  // Of what somebody makes again, the run may well be over.
  if (runId === null || requestedBy !== `run:${runId}`) return;
  const run = await findRunState(tx, runId);
  if (run !== null && !ENDS.has(run.state)) return;
  throw new Fault('state.conflict', 'the run of the call is over', {
    detail: 'The run that has asked for this call is over: it is not made any more.',
  });
}

function notWaiting({ state, argumentsDigest }: ToolCall, given: string): Fault {
  const detail =
    state === 'waiting' && argumentsDigest !== given
      ? 'The call has other arguments than those that were approved.'
      : state === 'waiting'
        ? 'The time in which this call could be approved is over.'
        : `The call is ${state}: there is nothing to decide any more.`;
  return new Fault('state.conflict', `the call is ${state}`, { detail });
}

const refusedRedrive = (why: string): Fault =>
  new Fault('state.conflict', `a call is not made again: ${why}`, {
    detail: `The call is not made again: ${why}.`,
  });
