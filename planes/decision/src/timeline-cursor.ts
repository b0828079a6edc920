import { Fault } from '@sagewai/fault';
import type { RunCall, RunCallPlace } from '@sagewai/ledger';

import type { StepRow } from './journal.ts';

/** How far each of the two has been read: steps by their change, calls by their booking. */
export interface TimelineCursor {
  readonly change: bigint;
  readonly call: RunCallPlace | null;
}

export type TimelineNode =
  | { readonly node: 'step'; readonly at: Date; readonly step: StepRow }
  | { readonly node: 'call'; readonly at: Date; readonly call: RunCall };

const FORM = /^(\d{1,16})(?:\.(\d{1,18})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([01]))?$/;

/** `<change>`, or `<change>.<transaction>.<call>.<entry>`. */
export function parseCursor(text: string | undefined): TimelineCursor {
  if (text === undefined) return { change: 0n, call: null };
  const [, change, bookedXid, id, entry] = FORM.exec(text) ?? [];
  if (change === undefined) {
    throw new Fault('request.invalid', 'a cursor is none of ours', {
      detail: 'The cursor is not the `next` of a timeline.',
    });
  }
  const call =
    bookedXid === undefined || id === undefined
      ? null
      : { bookedXid: BigInt(bookedXid), id, entry: Number(entry) };
  return { change: BigInt(change), call };
}

export function formatCursor({ change, call }: TimelineCursor): string {
  return call === null ? `${change}` : `${change}.${call.bookedXid}.${call.id}.${call.entry}`;
}

/** The first of both, by time; each list stays in its own order, so the cursor names how far each was read. */
export function mergeNodes(
  { steps, calls }: { readonly steps: readonly StepRow[]; readonly calls: readonly RunCall[] },
  from: TimelineCursor,
  limit: number,
): { readonly nodes: readonly TimelineNode[]; readonly next: TimelineCursor } {
  const nodes: TimelineNode[] = [];
  let { change, call: place } = from;
  let [step, call] = [0, 0];
  while (nodes.length < limit) {
    const nextStep = steps[step];
    const nextCall = calls[call];
    if (nextStep === undefined && nextCall === undefined) break;
    const stepAt = nextStep === undefined ? null : (nextStep.endedAt ?? nextStep.startedAt);
    if (
      nextStep !== undefined &&
      stepAt !== null &&
      (nextCall === undefined || stepAt <= nextCall.at)
    ) {
      nodes.push({ node: 'step', at: stepAt, step: nextStep });
      ({ change } = nextStep);
      step += 1;
    } else if (nextCall !== undefined) {
      nodes.push({ node: 'call', at: nextCall.at, call: nextCall });
      place = nextCall;
      call += 1;
    }
  }
  return { nodes, next: { change, call: place } };
}
