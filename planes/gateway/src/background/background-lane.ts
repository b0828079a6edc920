import type { Ledger } from '@sagewai/ledger';
import { type Db, inTenant } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';

import { reserveCall } from '../calls/account-call.ts';
import type { AdmittedCall } from '../calls/admitted-call.ts';
import { createForward, type Forward, type ForwardParts } from '../calls/forward.ts';
import type { Outcome, SettleCall } from '../calls/settle-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { noteRoute } from '../routing/note-route.ts';
import { endOpen, openResponse } from './background.sql.ts';
import { type BackgroundSettings, goesOn, RESERVED_MS } from './background.ts';

export interface LaneParts {
  readonly db: Db;
  readonly ledger: Pick<Ledger, 'reserve'>;
  readonly forwarding: ForwardParts;
  readonly config: {
    readonly routingDecisions: 'choices' | 'all';
    readonly media: { readonly background: BackgroundSettings };
  };
}

/** The same; what is to be made in the background goes its own way. */
export function withBackground(forward: Forward, parts: LaneParts): Forward {
  const lane = createBackgroundLane(parts);
  return (input, format) =>
    format.isInBackground === true ? lane(input, format) : forward(input, format);
}

/**
 * Calls whose answer is that they were taken. They are decided, routed and sent as others are; what differs is
 * how long they are reserved for, and that most are not over when their client has been answered.
 */
function createBackgroundLane({ db, ledger, forwarding, config }: LaneParts): Forward {
  const open = async (
    call: AdmittedCall,
    deployment: Deployment,
    providerId: string,
  ): Promise<void> => {
    const { orgId, input, group, bounds, granted: outputTokensMax } = call;
    const { projectId } = input.caller;
    if (projectId === null) throw new Error('a model caller without a project');
    const manifest = {
      model: group.model,
      bodyBytes: input.raw.length,
      inputTokensMax: bounds.inputMax,
      outputTokensMax,
      routing: noteRoute(call, deployment, config.routingDecisions),
    };
    const { reservationId: id } = call;
    const row = { id, projectId, deployment: deployment.id, providerId, manifest };
    await inTenant(db, [orgId], (tx) =>
      openResponse(tx, orgId, { ...row, dueInMs: config.media.background.askMs }),
    );
  };
  const settle: SettleCall = async (call, outcome) => {
    const background = call.asked.kept?.background;
    const isOurs = background?.admitted?.reservationId === call.reservationId;
    const named = isOurs ? background?.opened : undefined;
    switch (readTaken(outcome, named !== undefined)) {
      case 'over': {
        const settled = await forwarding.settle(call, outcome);
        if (named !== undefined) {
          await named.catch(() => undefined);
          const { orgId, reservationId } = call;
          await inTenant(db, [orgId], (tx) => endOpen(tx, orgId, reservationId));
        }
        return settled;
      }
      case 'going_on': {
        const { id } = outcome.told ?? {};
        if (typeof id === 'string') await open(call, outcome.deployment, id);
        else await named;
        return NOTHING_YET;
      }
      case 'unknown':
        return NOTHING_YET; // L3
    }
  };
  return createForward({
    ...forwarding,
    reserve: async (decided, trail) => {
      const of = { trail, expiresInMs: RESERVED_MS, isLasting: true };
      const call = await reserveCall(ledger, decided, of);
      const background = decided.asked.kept?.background;
      if (background !== undefined) {
        background.admitted = call;
        background.open = open;
      }
      return call;
    },
    settle,
    // Two that were taken would both be made to their end.
    switchboard: { ...forwarding.switchboard, hedgeAfterMs: () => null },
  });
}

const NOTHING_YET = { cost: null };

/** What is known of a call that its client has been answered. */
function readTaken({ told, source }: Outcome, isNamed: boolean): 'over' | 'going_on' | 'unknown' {
  // Its usage was told, or it was refused.
  if (source === 'provider') return 'over';
  if (told !== undefined) return readWhole(told);
  return isNamed ? 'going_on' : 'unknown';
}

function readWhole(told: JsonObject): 'over' | 'going_on' | 'unknown' {
  if (!goesOn(told)) return 'over';
  return typeof told['id'] === 'string' ? 'going_on' : 'unknown';
}
