/**
 * Runs that are submitted under another one: by the agent of that run, or by whoever may submit.
 *
 * - C1. A child is of its parent's organization and project, and was submitted before its parent was over or
 *   was asked to stop. Submission and end take turns at the place of the parent.
 * - C2. Who cancels a run cancels everything under it that is not over, whatever is submitted meanwhile.
 * - C3. No tree is deeper, and none has had more children, than the server allows.
 * - C4. No deadline of a child is later than its parent's.
 *
 * What a run without a parent costs is as before: what is known of children stands in tables of their own.
 */
import { Fault } from '@sagewai/fault';
import type { RunId } from '@sagewai/wire';

import type { FleetSettings } from '../settings.ts';
import type { ParentWish, Unadopted } from './run.ts';
import type { Submission, Submitter } from './submissions.ts';

export type ChildBounds = Pick<FleetSettings, 'childDepthMax' | 'childrenMax'>;

/** Null: it is nobody's child. A run submits under itself and under no other. */
export function parentWishOf(
  { parent_run_id: named, on_parent_end: onEnd = 'continue' }: Submission,
  { lease }: Pick<Submitter, 'lease'>,
  { childDepthMax, childrenMax }: ChildBounds,
): ParentWish | null {
  if (lease !== undefined && named !== undefined && named.toLowerCase() !== lease.runId) {
    throw new Fault('caller.forbidden', 'a run submits under another one', {
      detail: 'A run token submits under its own run: leave parent_run_id out.',
    });
  }
  const bounds = { on_end: onEnd, depth_max: childDepthMax, children_max: childrenMax };
  if (lease !== undefined) return { id: lease.runId, epoch: lease.epoch, ...bounds };
  return named === undefined ? null : { id: named.toLowerCase() as RunId, ...bounds };
}

const REFUSALS: Record<Unadopted, (bounds: ChildBounds) => Fault> = {
  missing: () =>
    new Fault('resource.missing', 'the parent of a run is not there', {
      detail: 'parent_run_id: the project has no such run.',
    }),
  ended: () =>
    new Fault('state.conflict', 'the parent of a run is over', {
      detail: 'parent_run_id: that run is over, or was asked to stop.',
    }),
  lost: () =>
    new Fault('lease.lost', 'a run submits without its lease', {
      detail: 'The lease of the run that submits is no longer held.',
    }),
  deep: ({ childDepthMax }) =>
    new Fault('state.conflict', 'a tree of runs is too deep', {
      detail: `parent_run_id: runs stand at most ${childDepthMax} deep under the first.`,
    }),
  many: ({ childrenMax }) =>
    new Fault('state.conflict', 'a tree of runs has too many', {
      detail: `parent_run_id: at most ${childrenMax} runs may be submitted under one, however deep.`,
    }),
};

/** What its submitter is told of a run that was not stored. */
export const refusalOf = (why: Unadopted, bounds: ChildBounds): Fault => REFUSALS[why](bounds);
