import type { RunToolCall, RunToolCallPlace } from '@sagewai/action';
import { Fault } from '@sagewai/fault';
import type { RunCall, RunCallPlace } from '@sagewai/ledger';

import type { StepRow } from './journal.ts';

/** How far each has been read: steps by their change, model calls by their booking, calls of tools by their end. */
export interface TimelineCursor {
  readonly change: bigint;
  readonly call: RunCallPlace | null;
  readonly tool: RunToolCallPlace | null;
}

export type TimelineNode =
  | { readonly node: 'step'; readonly at: Date; readonly step: StepRow }
  | { readonly node: 'call'; readonly at: Date; readonly call: RunCall }
  | { readonly node: 'tool'; readonly at: Date; readonly tool: RunToolCall };

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const FORM = new RegExp(
  `^(\\d{1,16})(?:\\.(\\d{1,18})\\.(${UUID})\\.([01]))?(?:~(\\d{1,18})\\.(${UUID}))?$`,
);

/** `<change>[.<transaction>.<call>.<entry>][~<transaction>.<call of a tool>]`. */
export function parseCursor(text: string | undefined): TimelineCursor {
  if (text === undefined) return { change: 0n, call: null, tool: null };
  const [, change, bookedXid, id, entry, endedXid, toolId] = FORM.exec(text) ?? [];
  if (change === undefined) {
    throw new Fault('request.invalid', 'a cursor is none of ours', {
      detail: 'The cursor is not the `next` of a timeline.',
    });
  }
  const call =
    bookedXid === undefined || id === undefined
      ? null
      : { bookedXid: BigInt(bookedXid), id, entry: Number(entry) };
  const tool =
    endedXid === undefined || toolId === undefined
      ? null
      : { endedXid: BigInt(endedXid), id: toolId };
  return { change: BigInt(change), call, tool };
}

export function formatCursor({ change, call, tool }: TimelineCursor): string {
  const ofCall = call === null ? '' : `.${call.bookedXid}.${call.id}.${call.entry}`;
  return `${change}${ofCall}${tool === null ? '' : `~${tool.endedXid}.${tool.id}`}`;
}

/** The first of all, by time; each list stays in its own order, so the cursor names how far each was read. */
export function mergeNodes(
  of: {
    readonly steps: readonly StepRow[];
    readonly tools: readonly RunToolCall[];
    readonly calls: readonly RunCall[];
  },
  from: TimelineCursor,
  limit: number,
): { readonly nodes: readonly TimelineNode[]; readonly next: TimelineCursor } {
  // Of what is of one instant, a step goes before what it has called.
  const lists: TimelineNode[][] = [
    of.steps.map((step) => ({ node: 'step', at: step.endedAt ?? step.startedAt, step })),
    of.tools.map((tool) => ({ node: 'tool', at: tool.at, tool })),
    of.calls.map((call) => ({ node: 'call', at: call.at, call })),
  ];
  for (const list of lists) list.reverse();
  const nodes: TimelineNode[] = [];
  let next = from;
  while (nodes.length < limit) {
    const [first] = lists
      .filter((list) => list.length > 0)
      .toSorted((one, other) => timeOf(one) - timeOf(other));
    const node = first?.pop();
    if (node === undefined) break;
    nodes.push(node);
    next = advance(next, node);
  }
  return { nodes, next };
}

const timeOf = (list: readonly TimelineNode[]): number => list.at(-1)?.at.getTime() ?? Infinity;

/** The cursor of what comes after a node. */
export function advance(cursor: TimelineCursor, node: TimelineNode): TimelineCursor {
  switch (node.node) {
    case 'step':
      return { ...cursor, change: node.step.change };
    case 'call':
      return { ...cursor, call: node.call };
    case 'tool':
      return { ...cursor, tool: node.tool };
  }
}
