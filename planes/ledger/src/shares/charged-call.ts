import type { CallRequest, Settlement } from '../call.ts';
import type { OpenCall } from './share.ts';

/** What is booked of a call, whoever admitted it. */
export interface ChargedCall extends Pick<OpenCall, 'amountPusd' | 'needs' | 'day'> {
  readonly holding: { readonly id: string };
  readonly request: Pick<
    CallRequest,
    | 'id'
    | 'orgId'
    | 'projectId'
    | 'keyId'
    | 'teamId'
    | 'personId'
    | 'runId'
    | 'model'
    | 'deployment'
    | 'sessionId'
    | 'agent'
    | 'tags'
  >;
}

/** Of a call whose holding may be gone, and its holder with it. */
export interface LateSettlement {
  readonly call: ChargedCall;
  readonly settlement: Settlement;
  readonly elapsedMs: number;
}
