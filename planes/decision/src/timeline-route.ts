import { setTimeout as delay } from 'node:timers/promises';

import { listRunToolCalls } from '@sagewai/action';
import { demandOrganization, findRunState, readAttempts, toAttempt } from '@sagewai/fleet';
import { type Caller, found, implementOwn, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { listRunCalls, sumSpendByRun } from '@sagewai/ledger';
import { inTenant } from '@sagewai/postgres';
import { formatUsd, type OutputOf, readTimeline, type RunId } from '@sagewai/wire';

import type { DecisionParts } from './parts.ts';
import { readSteps } from './steps.sql.ts';
import {
  formatCursor,
  mergeNodes,
  parseCursor,
  type TimelineCursor,
  type TimelineNode,
} from './timeline-cursor.ts';
import { toFacts } from './to-wire.ts';

type Page = OutputOf<typeof readTimeline>;

const NODES_PER_PAGE = 200;
const STEP_TAG = 'step:';
const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

/** Steps and calls of a run in one list; who waits is answered as soon as there is more. */
export function timelineRoute(parts: DecisionParts): Route {
  const { clock, settings } = parts;
  return implementOwn(readTimeline, async ({ params, query, caller, request }) => {
    const runId = params.run_id.toLowerCase() as RunId;
    const from = parseCursor(query.cursor);
    const limit = query.limit ?? NODES_PER_PAGE;
    const signal = AbortSignal.any([request.signal, request.draining]);
    const untilMs = clock.monotonicMs() + (query.wait_ms ?? 0);
    for (;;) {
      const page = await look(parts, { runId, caller, from, limit });
      const leftMs = untilMs - clock.monotonicMs();
      if (page.nodes.length > 0 || page.is_end || leftMs <= 0 || signal.aborted) return page;
      await delay(Math.min(settings.watchEveryMs, leftMs), undefined, { signal }).catch(
        () => undefined,
      );
    }
  });
}

async function look(
  { db }: DecisionParts,
  of: {
    readonly runId: RunId;
    readonly caller: Caller;
    readonly from: TimelineCursor;
    readonly limit: number;
  },
): Promise<Page> {
  const { runId, caller, from, limit } = of;
  const orgId = demandOrganization(caller);
  return inTenant(db, [orgId], async (tx) => {
    // The state first: what comes before the outcome is committed before it.
    const run = await findRunState(tx, runId);
    const bound = boundProject(caller);
    const { state } = found(
      bound === null || run?.projectId === bound ? run : null,
      'There is no such run.',
    );
    const steps = await readSteps(tx, { runId, after: from.change, limit });
    const calls = await listRunCalls(tx, { runId, after: from.call, limit });
    const tools = await listRunToolCalls(tx, { runId, after: from.tool, limit });
    const { nodes, next } = mergeNodes({ steps, tools, calls }, from, limit);
    const spent = (await sumSpendByRun(tx, { orgId, runIds: [runId] })).get(runId);
    const attempts = await readAttempts(tx, runId);
    return {
      nodes: nodes.map((node) => toNode(node, runId)),
      next: formatCursor(next),
      state,
      is_end: ENDS.has(state) && nodes.length < limit,
      attempts: attempts.map(toAttempt),
      cost_usd: formatUsd(spent?.costPusd ?? 0n),
      calls: spent?.calls ?? 0,
    };
  });
}

function toNode(node: TimelineNode, runId: RunId): Page['nodes'][number] {
  const at = node.at.toISOString();
  if (node.node === 'step') {
    const { name, ordinal } = node.step;
    return { node: 'step', key: `${name}#${ordinal}`, at, ...toFacts(node.step) };
  }
  if (node.node === 'tool') {
    const { tool } = node;
    return {
      node: 'tool',
      key: tool.id,
      at,
      // The SDK names a step with its run.
      step: tool.step?.replace(`${runId}:`, '') ?? null,
      tool: tool.tool,
      mode: tool.mode,
      state: tool.state,
      error: tool.error,
      attempts: tool.attempts,
      arguments_digest: tool.argumentsDigest,
      result_digest: tool.resultDigest,
      decided_by: tool.decidedBy,
      started_at: tool.startedAt.toISOString(),
    };
  }
  const { call } = node;
  const tag = call.tags?.find((one) => one.startsWith(STEP_TAG));
  return {
    node: 'call',
    key: call.id,
    entry: call.entry,
    at,
    step: tag === undefined ? null : tag.slice(STEP_TAG.length),
    model: call.model,
    deployment: call.deployment,
    status: call.status,
    cost_usd: formatUsd(call.costPusd),
    input_tokens: Number(call.inputTokens),
    output_tokens: Number(call.outputTokens),
    usage_source: call.usageSource,
    started_at: call.startedAt.toISOString(),
  };
}
