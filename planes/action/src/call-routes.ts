import { Fault } from '@sagewai/fault';
import { demandOrganization } from '@sagewai/fleet';
import { found, implement, implementOwn, isAllowed, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import {
  callTool,
  getToolCall,
  listToolCalls,
  type OrganizationId,
  reportToolCall,
} from '@sagewai/wire';

import { acceptCall, type Asked } from './accept-call.ts';
import {
  answerCall,
  type Answered,
  begunAnswer,
  concludeCall,
  makeCall,
  NO_SUCH_CALL,
  readCall,
} from './answer-call.ts';
import { type Calling, callingOf, demandSeen, seenBy } from './calling.ts';
import { checkOutcome } from './invoke.ts';
import { CallContents } from './keep-contents.ts';
import type { Outcome } from './outcome.ts';
import type { ActionParts } from './parts.ts';
import { callToWire } from './to-wire.ts';
import { findCall, listCalls } from './tool-calls.sql.ts';
import { findToolById } from './tools.sql.ts';

const CALLS_PER_PAGE = 50;
const WAIT_MS = 30_000;
const LOOK_DOUBLINGS_MAX = 4;

/** Calls: accepted, made once, answered however often they are asked for. */
export function callRoutes(parts: ActionParts): Route[] {
  return [
    implementOwn(callTool, ({ params, body, caller, request }) =>
      askTool(parts, callingOf(caller), { ...body, tool: params.tool }, request.signal),
    ),

    implementOwn(reportToolCall, async ({ params, body, caller }) => {
      const orgId = demandOrganization(caller);
      const { actor } = callingOf(caller);
      const { call, tool } = await inTenant(parts.db, [orgId], async (tx) => {
        const seen = demandSeen(await findCall(tx, { orgId, id: params.call_id }), caller);
        return { call: seen, tool: await findToolById(tx, orgId, seen.toolId) };
      });
      // What the server makes itself, no worker tells the end of.
      if (found(tool, NO_SUCH_CALL).kind !== 'worker' || call.attempt < body.attempt) {
        throw new Fault('state.conflict', 'a call is reported that was not given', {
          detail: 'This call was not given to the worker.',
        });
      }
      const told: Outcome =
        body.error === undefined
          ? { kind: 'completed', result: JSON.stringify(body.result ?? null) }
          : { kind: 'failed', error: 'refused', message: body.error };
      const outcome = tool === null ? told : await checkOutcome(parts, tool, told);
      const of = { orgId, actor, call: { ...call, attempt: body.attempt } };
      // A report is repeated until it is answered: it is counted once.
      return concludeCall(parts, of, outcome, () => parts.meters.ended('worker', outcome));
    }),

    implement(listToolCalls, async ({ tx, orgId, caller, query }) => {
      const calls = await listCalls(tx, {
        orgId,
        state: query.state,
        tool: query.tool,
        runId: query.run_id,
        before: query.before,
        limit: query.limit ?? CALLS_PER_PAGE,
        ...seenBy(caller),
      });
      return { calls: calls.map(callToWire) };
    }),

    // Its result may be in the object store: no transaction waits for that.
    implementOwn(getToolCall, async ({ caller, params }) => {
      const orgId = demandOrganization(caller);
      const call = await inTenant(parts.db, [orgId], async (tx) =>
        demandSeen(await findCall(tx, { orgId, id: params.call_id }), caller),
      );
      const told = { ...callToWire(call), late_result_digest: call.lateResultDigest };
      if (!isAllowed('tool:inspect', caller)) {
        return { ...told, contents_hidden: true, arguments: null, result: null, message: null };
      }
      const contents = new CallContents(parts.keys, { orgId, id: call.id }, call.sealedKey);
      const text = contents.open('arguments', call.argumentsSealed);
      return {
        ...told,
        contents_hidden: false,
        arguments: text === null ? null : (JSON.parse(text) as unknown),
        result: await contents.read(call, parts.objects),
        message: call.messageSealed === null ? null : contents.open('message', call.messageSealed),
      };
    }),
  ];
}

/** The whole life of a call, for whoever asks: build, broker, gate, invoke, return. */
export async function askTool(
  parts: ActionParts,
  calling: Calling,
  asked: Asked,
  signal: AbortSignal,
): Promise<Answered> {
  const { orgId, actor } = calling;
  const { clock, meters } = parts;
  const askedMs = clock.monotonicMs();
  const { tool, call, how } = await acceptCall(parts, calling, asked).catch((thrown: unknown) => {
    if (thrown instanceof Fault) meters.refused(thrown.code);
    throw thrown;
  });
  if (how === 'begun') meters.gated((clock.monotonicMs() - askedMs) / 1_000);
  if (how === 'begun') {
    // A function of the worker is made there, and told of.
    if (tool.kind === 'worker') return begunAnswer(call);
    return makeCall(parts, { orgId, actor, tool, call, args: asked.arguments });
  }
  const waitMs = tool.kind === 'worker' ? 0 : (asked.wait_ms ?? WAIT_MS);
  return untilOver(parts, { orgId, id: call.id, waitMs, signal, repeated: how !== 'waiting' });
}

/** It is under way, here or on another replica. */
async function untilOver(
  parts: ActionParts,
  of: {
    readonly orgId: OrganizationId;
    readonly id: string;
    readonly waitMs: number;
    readonly signal: AbortSignal;
    readonly repeated: boolean;
  },
): Promise<Answered> {
  const { clock, settings, ends } = parts;
  const untilMs = clock.monotonicMs() + of.waitMs;
  const watch = ends.watch(of.id);
  try {
    for (let looked = 0; ; looked += 1) {
      const call = await readCall(parts, of.orgId, of.id);
      const leftMs = untilMs - clock.monotonicMs();
      if (call.state !== 'running' || leftMs <= 0 || of.signal.aborted) {
        return await answerCall(parts, of.orgId, call, of.repeated);
      }
      // Ever more seldom: what ends here wakes, and what takes long elsewhere takes long.
      const pauseMs = settings.lookEveryMs * 2 ** Math.min(looked, LOOK_DOUBLINGS_MAX);
      await watch.wait(Math.min(pauseMs, leftMs));
    }
  } finally {
    watch.close();
  }
}
