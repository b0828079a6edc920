import type { CallOutput } from '@sagewai/sdk';

import type { Tone } from '../ui/badge.tsx';

export type TimelineNode = CallOutput<'runs.readTimeline'>['nodes'][number];
export type Attempt = CallOutput<'runs.readTimeline'>['attempts'][number];

/** One bar of the waterfall. */
export interface Bar {
  readonly key: string;
  readonly kind: 'attempt' | 'step' | 'call' | 'tool';
  readonly depth: number;
  readonly name: string;
  readonly note: string;
  readonly tone: Tone;
  readonly isFailed: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** It goes on: its end is now. */
  readonly isOpen: boolean;
  readonly node: TimelineNode | Attempt;
}

const msOf = (iso: string): number => Date.parse(iso);

/** What is told of a node again replaces what was told before. */
export function mergeNodes(
  known: readonly TimelineNode[],
  more: readonly TimelineNode[],
): readonly TimelineNode[] {
  if (more.length === 0) return known;
  const latest = new Map(more.map((node) => [keyOf(node), node]));
  const kept = known.map((node) => {
    const again = latest.get(keyOf(node));
    if (again === undefined) return node;
    latest.delete(keyOf(node));
    return again;
  });
  return [...kept, ...latest.values()];
}

/** Nodes do not change, and a long timeline is merged many times. */
const keys = new WeakMap<TimelineNode, string>();

function keyOf(node: TimelineNode): string {
  const known = keys.get(node);
  if (known !== undefined) return known;
  const key = node.node === 'call' ? `call ${node.key} ${node.entry}` : `${node.node} ${node.key}`;
  keys.set(node, key);
  return key;
}

/** Attempts, the steps in each, and the model calls in each step: in the order in which they began. */
export function layOutTimeline(
  {
    attempts,
    nodes,
  }: { readonly attempts: readonly Attempt[]; readonly nodes: readonly TimelineNode[] },
  nowMs: number,
): readonly Bar[] {
  const tops = attempts.map((attempt) => ({
    bar: barOfAttempt(attempt, nowMs),
    children: [] as Bar[],
  }));
  const loose: Bar[] = [];
  for (const node of nodes) {
    const bar = barOfNode(node, nowMs);
    const top = tops.findLast(({ bar: { startMs } }) => startMs <= bar.startMs + 1);
    (top?.children ?? loose).push(bar);
  }
  return [...inOrder(loose), ...tops.flatMap(({ bar, children }) => [bar, ...inOrder(children)])];
}

/** Steps by their start, and behind each the calls that it has made. */
function inOrder(bars: readonly Bar[]): readonly Bar[] {
  const byStart = (a: Bar, b: Bar): number => a.startMs - b.startMs;
  const ofStep = new Map<string, Bar[]>();
  const first: Bar[] = [];
  const steps = new Set(bars.filter(({ kind }) => kind === 'step').map(({ key }) => key));
  for (const bar of bars) {
    const parent = 'step' in bar.node && bar.node.step !== null ? `step ${bar.node.step}` : null;
    if (parent === null || !steps.has(parent)) {
      first.push(bar);
      continue;
    }
    const others = ofStep.get(parent);
    if (others === undefined) ofStep.set(parent, [bar]);
    else others.push(bar);
  }
  return first
    .toSorted(byStart)
    .flatMap((bar) => [
      bar,
      ...(ofStep.get(bar.key) ?? [])
        .toSorted(byStart)
        .map((call) => ({ ...call, depth: bar.depth + 1 })),
    ]);
}

/** Of nodes that are over, which a long timeline lays out many times. */
const overBars = new WeakMap<TimelineNode, Bar>();

function barOfNode(node: TimelineNode, nowMs: number): Bar {
  const known = overBars.get(node);
  if (known !== undefined) return known;
  const bar =
    node.node === 'step'
      ? barOfStep(node, nowMs)
      : node.node === 'tool'
        ? barOfTool(node)
        : barOfCall(node);
  if (!bar.isOpen) overBars.set(node, bar);
  return bar;
}

function barOfAttempt(attempt: Attempt, nowMs: number): Bar {
  const isFailed = attempt.error !== null || attempt.error_class !== null;
  return {
    key: `attempt ${attempt.attempt} ${attempt.epoch}`,
    kind: 'attempt',
    depth: 0,
    name: `Attempt ${attempt.attempt}`,
    note: attempt.worker_name ?? 'no worker',
    tone: isFailed ? 'bad' : attempt.ended_at === null ? 'info' : 'ok',
    isFailed,
    startMs: msOf(attempt.started_at),
    endMs: attempt.ended_at === null ? nowMs : msOf(attempt.ended_at),
    isOpen: attempt.ended_at === null,
    node: attempt,
  };
}

function barOfStep(node: Extract<TimelineNode, { node: 'step' }>, nowMs: number): Bar {
  const isFailed = node.error !== null;
  return {
    key: `step ${node.key}`,
    kind: 'step',
    depth: 1,
    name: node.ordinal > 0 ? `${node.name} #${node.ordinal + 1}` : node.name,
    note: node.tries > 1 ? `${node.kind}, try ${node.tries}` : node.kind,
    tone: isFailed ? 'bad' : node.ended_at === null ? 'warn' : 'accent',
    isFailed,
    startMs: msOf(node.started_at),
    endMs: node.ended_at === null ? nowMs : msOf(node.ended_at),
    isOpen: node.ended_at === null,
    node,
  };
}

function barOfTool(node: Extract<TimelineNode, { node: 'tool' }>): Bar {
  const isFailed = node.state !== 'completed';
  return {
    key: `tool ${node.key}`,
    kind: 'tool',
    depth: 1,
    name: node.tool,
    note: node.error === null ? node.mode : `${node.state}: ${node.error}`,
    tone: isFailed ? 'bad' : 'info',
    isFailed,
    startMs: msOf(node.started_at),
    endMs: Math.max(msOf(node.at), msOf(node.started_at)),
    isOpen: false,
    node,
  };
}

function barOfCall(node: Extract<TimelineNode, { node: 'call' }>): Bar {
  const isFailed = node.status !== 'ok';
  return {
    key: `call ${node.key} ${node.entry}`,
    kind: 'call',
    depth: 1,
    name: node.model,
    note: node.entry > 0 ? 'correction' : `${node.input_tokens} → ${node.output_tokens} tokens`,
    tone: isFailed ? 'bad' : 'info',
    isFailed,
    startMs: msOf(node.started_at),
    endMs: Math.max(msOf(node.at), msOf(node.started_at)),
    isOpen: false,
    node,
  };
}
