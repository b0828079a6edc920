import { Fault } from '@sagewai/fault';
import { demandOrganization, type RunDetail, submitterOf } from '@sagewai/fleet';
import { type Caller, isAllowed } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import type { ProjectId, RunId } from '@sagewai/wire';

import { followRun, hasEnded, readAsked, type RunOfProject } from '../asked/follow-run.ts';
import { submitNamed } from '../asked/submit-named.ts';
import { keyOf } from '../asked/workflow-offers.ts';
import { chooseWorkflow } from '../choose-workflow.ts';
import type { DecisionParts } from '../parts.ts';
import { listWorkflowRows } from '../workflows.sql.ts';
import { inputOf, invalid, readMessage } from './read-message.ts';
import { record, RPC, RpcError, type RpcRequest } from './rpc.ts';
import { stateOf, toTask, toUpdates } from './task.ts';

export interface A2aExchange {
  readonly parts: DecisionParts;
  readonly caller: Caller;
  /** Whose endpoint it is; null: the server's. */
  readonly workflow: string | null;
  /** The caller has left, or the process drains: what was begun goes on. */
  readonly left: AbortSignal;
}

type Params = RpcRequest['params'];
/** Of a stream, each of its results. */
type Emit = (result: object) => void;

export const METHODS: Readonly<
  Record<string, (of: A2aExchange, params: Params) => Promise<object>>
> = {
  SendMessage: async (of, params) => {
    const asked = await send(of, params);
    const isQuick = record(params['configuration'])['returnImmediately'] === true;
    const run = isQuick
      ? await readAsked(of.parts, asked)
      : await follow(of, asked, () => undefined);
    return { task: toTask(run) };
  },
  GetTask: async (of, params) => toTask(await demandTask(of, params)),
  CancelTask: async (of, params) => {
    const { caller, parts } = of;
    const run = await demandTask(of, params);
    demandAllowed('run:cancel', caller);
    if (hasEnded(run)) {
      throw new RpcError(RPC.taskNotCancelable, `The task has ended: it is ${run.state}.`);
    }
    const { orgId, runId } = run;
    await parts.cancelRun({ orgId, runId, actor: nameActor(caller) });
    return toTask(await demandTask(of, params));
  },
};

export const STREAMS: Readonly<
  Record<string, (of: A2aExchange, params: Params) => Promise<(emit: Emit) => Promise<void>>>
> = {
  SendStreamingMessage: async (of, params) => watch(of, await send(of, params)),
  SubscribeToTask: async (of, params) => {
    const run = await demandTask(of, params);
    if (hasEnded(run)) {
      throw new RpcError(RPC.unsupported, `The task has ended: it is ${run.state}.`);
    }
    return watch(of, run);
  },
};

/** A message begins a run, once: who sends it again is told of the same one. */
async function send(
  { parts, caller, workflow }: A2aExchange,
  params: Params,
): Promise<RunOfProject> {
  demandAllowed('run:submit', caller);
  const message = readMessage(params);
  const name = workflow ?? message.skill;
  if (name === null) throw invalid('message.metadata.skill must name a workflow');
  const { orgId, projectId } = submitterOf(caller);
  const rows = await inTenant(parts.db, [orgId], (tx) =>
    listWorkflowRows(tx, { orgId, projectId, name }),
  );
  const row = chooseWorkflow(rows, undefined);
  const { id: runId } = await submitNamed(parts, caller, {
    workflow: name,
    // Who names one that there is not is told so there.
    body: { input: row === null ? null : inputOf(message, row) },
    key: keyOf(`a2a ${name}`, nameActor(caller), message.id),
  });
  return { orgId, projectId, runId };
}

function watch(of: A2aExchange, asked: RunOfProject): (emit: Emit) => Promise<void> {
  return async (emit) => {
    const first = await readAsked(of.parts, asked);
    emit({ task: toTask(first) });
    if (hasEnded(first)) return;
    let told = stateOf(first);
    const tell = (run: RunDetail): void => {
      if (stateOf(run) === told) return;
      told = stateOf(run);
      for (const update of toUpdates(run)) emit(update);
    };
    tell(await follow(of, asked, tell));
  };
}

const follow = (
  { parts, left }: A2aExchange,
  asked: RunOfProject,
  tell: (run: RunDetail) => void,
): Promise<RunDetail> =>
  followRun(parts, { ...asked, waitMs: parts.settings.streamMs, signal: left, tell });

/** Of the caller's project, and of the workflow whose endpoint it is. */
async function demandTask(
  { parts, caller, workflow }: A2aExchange,
  { id }: Params,
): Promise<RunDetail & { readonly projectId: ProjectId }> {
  const missing = new RpcError(RPC.taskNotFound, 'There is no such task.');
  const { projectId } = caller;
  const orgId = demandOrganization(caller);
  if (projectId === null) throw new Fault('project.missing', 'the caller has no project');
  if (typeof id !== 'string' || !UUID.test(id)) throw missing;
  const run = await parts.readRun(orgId, id.toLowerCase() as RunId);
  const name = record(run?.payload)['workflow'];
  const isSeen = run?.projectId === projectId && (workflow === null || name === workflow);
  if (run === null || !isSeen) throw missing;
  return run;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function demandAllowed(permission: 'run:submit' | 'run:cancel', caller: Caller): void {
  if (caller.kind !== 'run' && isAllowed(permission, caller)) return;
  throw new Fault('caller.forbidden', `the caller has no ${permission}`, {
    detail: `The credential does not have the permission ${permission}.`,
  });
}
