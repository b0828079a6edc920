import type { RunDetail } from '@sagewai/fleet';

import { explainEnd } from '../asked/describe-workflow.ts';

type Shown = Pick<RunDetail, 'runId' | 'state' | 'output' | 'error' | 'createdAt' | 'finishedAt'>;

const STATES: Readonly<Record<string, string>> = {
  queued: 'TASK_STATE_SUBMITTED',
  running: 'TASK_STATE_WORKING',
  // For a time, a child, a person: what it waits for goes another way than by a message.
  waiting: 'TASK_STATE_WORKING',
  completed: 'TASK_STATE_COMPLETED',
  failed: 'TASK_STATE_FAILED',
  cancelled: 'TASK_STATE_CANCELED',
};

export const stateOf = ({ state }: Pick<Shown, 'state'>): string =>
  STATES[state] ?? 'TASK_STATE_UNSPECIFIED';

/** A run as a task: one task is one context. */
export function toTask(run: RunDetail): object {
  const artifact = toArtifact(run);
  return {
    id: run.runId,
    contextId: run.runId,
    status: toStatus(run),
    ...(artifact === null ? {} : { artifacts: [artifact] }),
  };
}

export function toStatus(run: RunDetail): object {
  const isBad = run.state === 'failed';
  return {
    state: stateOf(run),
    timestamp: (run.finishedAt ?? run.createdAt).toISOString(),
    ...(isBad ? { message: said(run, explainEnd(run)) } : {}),
  };
}

/** What it has come to; null: it has not ended well. */
export function toArtifact({ state, output }: Shown): object | null {
  if (state !== 'completed') return null;
  const part = typeof output === 'string' ? { text: output } : { data: output ?? null };
  return { artifactId: 'output', name: 'output', parts: [part] };
}

/** What is told of a run that is watched, after its task was: its state, and before the last one what it has come to. */
export function toUpdates(run: RunDetail): readonly object[] {
  const of = { taskId: run.runId, contextId: run.runId };
  const artifact = toArtifact(run);
  return [
    ...(artifact === null ? [] : [{ artifactUpdate: { ...of, artifact, lastChunk: true } }]),
    { statusUpdate: { ...of, status: toStatus(run) } },
  ];
}

const said = ({ runId }: Pick<Shown, 'runId'>, text: string): object => ({
  messageId: `${runId}/end`,
  contextId: runId,
  taskId: runId,
  role: 'ROLE_AGENT',
  parts: [{ text }],
});
