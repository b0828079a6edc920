import type { Metrics } from '@sagewai/telemetry';

import type { Outcome } from './outcome.ts';
import type { Tool } from './tool.ts';

export interface ToolMeters {
  /** Asked for, and allowed or found: until it is made. */
  gated(seconds: number): void;
  /** Not made: by the code of the answer. */
  refused(code: string): void;
  /** Made; without a time where a worker has made it. */
  ended(kind: Tool['kind'], outcome: Outcome, seconds?: number): void;
}

/** Without metrics: nothing is counted. */
export function createToolMeters(metrics: Metrics | undefined): ToolMeters {
  const calls = metrics?.counter({
    name: 'sagewai_tool_calls_total',
    help: 'Calls of tools that were made, by what came of them.',
    labels: ['kind', 'state'],
  });
  const errors = metrics?.counter({
    name: 'sagewai_tool_errors_total',
    help: 'Calls of tools that were made and have not completed, by why.',
    labels: ['kind', 'error'],
  });
  const refused = metrics?.counter({
    name: 'sagewai_tool_refused_total',
    help: 'Calls of tools that were not made: a rate, arguments, a permission, an approval.',
    labels: ['code'],
  });
  const gate = metrics?.histogram({
    name: 'sagewai_tool_gate_seconds',
    help: 'How long a call of a tool waited until it was allowed, and begun.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
  });
  const seconds = metrics?.histogram({
    name: 'sagewai_tool_call_seconds',
    help: 'How long a tool took to answer, all tries together.',
    labels: ['kind'],
    buckets: [0.005, 0.025, 0.1, 0.25, 1, 2.5, 5, 10, 30, 60],
  });
  return {
    gated: (taken) => gate?.observe({}, taken),
    refused: (code) => refused?.add({ code }),
    ended: (kind, outcome, taken) => {
      calls?.add({ kind, state: outcome.kind });
      if (outcome.kind !== 'completed') errors?.add({ kind, error: outcome.error });
      if (taken !== undefined) seconds?.observe({ kind }, taken);
    },
  };
}
