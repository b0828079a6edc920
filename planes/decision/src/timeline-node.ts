import { formatUsd, type OutputOf, type readTimeline, type RunId } from '@sagewai/wire';

import type { TimelineNode } from './timeline-cursor.ts';
import { toFacts } from './to-wire.ts';

const STEP_TAG = 'step:';

/** A node as the wire has it. */
export function toNode(
  node: TimelineNode,
  runId: RunId,
): OutputOf<typeof readTimeline>['nodes'][number] {
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
