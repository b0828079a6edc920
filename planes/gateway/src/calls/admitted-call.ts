import type { StreamInput } from '@sagewai/http';
import type { OrganizationId, PicoUsd, ReservationId } from '@sagewai/wire';

import type { RequestFields } from '../bytes/rewrite-request.ts';
import type { CallBudget } from '../call-budget/call-budget.ts';
import type { Asked, Format } from '../formats/format.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { ModelGroup } from '../models/model-table.ts';
import type { Trail } from '../routing/trail.ts';
import type { Sealed } from '../sealed-reasoning/affinity.ts';
import type { TierTold } from '../tiers/choose-model.ts';
import type { CallBounds } from './plan-call.ts';

/** A call that was decided, and for which its cost is reserved: from here on it is settled once. */
export interface AdmittedCall {
  readonly reservationId: ReservationId;
  readonly orgId: OrganizationId;
  readonly input: StreamInput;
  /** The client's. */
  readonly format: Format;
  readonly asked: Asked;
  readonly fields: RequestFields;
  readonly group: ModelGroup;
  readonly bounds: CallBounds;
  /** Tokens of output that were reserved; fewer than the bound where a cap is to be sent. */
  readonly granted: number;
  /** How it found its way; undefined for an attempt that another took over from. */
  readonly trail: Trail | undefined;
  /** Why it has its model, where it left that open. */
  readonly tier: TierTold | undefined;
  /** What it brought along for itself. */
  readonly budget: CallBudget | undefined;
  /** Of accounts that seal what they think; undefined: there are not several. */
  readonly sealed: Sealed | undefined;
  /** While the database was away (O1). */
  readonly isDuringOutage?: boolean | undefined;
}

/** Whether its stream is read to its end when its client leaves. */
export function drains({ input }: AdmittedCall): boolean {
  return (input.caller.detail as CallerDetail).policy?.onClientLeft === 'drain';
}

/** What a settled call cost, as the ledger has it. */
export interface Settled {
  /** Null: nobody knows (M4). */
  readonly cost: PicoUsd | null;
}
