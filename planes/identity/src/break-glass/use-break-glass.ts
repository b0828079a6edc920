import { Fault } from '@sagewai/fault';
import { type Db, inTenant } from '@sagewai/postgres';
import type { Counter, Metrics } from '@sagewai/telemetry';
import { appendAudit, raiseAlert, raiseEmail } from '@sagewai/trust';
import { type OrganizationId, PLATFORM_CHAIN } from '@sagewai/wire';

import {
  findBreakGlass,
  listOwnerEmails,
  noteFirstUse,
  takeBreakGlass,
} from './break-glass.sql.ts';
import type { BreakGlass } from './break-glass.ts';

/** What a request does with it, for the log. */
export interface BreakGlassRequest {
  readonly id: string;
  readonly address: string;
  readonly endpoint: string;
}

export interface BreakGlassUses {
  /** The one of this hash, if it lives; it is not used by that. */
  find(hash: Uint8Array): Promise<BreakGlass | null>;
  /** Binds it to its first address; throws where that is another one (G2). False: it has ended meanwhile. */
  take(token: BreakGlass, request: BreakGlassRequest): Promise<boolean>;
  /** Tells of a request that goes nowhere (G6). */
  refuse(token: BreakGlass, request: BreakGlassRequest): Promise<void>;
  /** Tells whom it concerns, before anything is done by it (G3). Null: no organization. */
  tell(token: BreakGlass, orgId: OrganizationId | null, request: BreakGlassRequest): Promise<void>;
}

export interface BreakGlassOptions {
  readonly db: Db;
  readonly metrics: Metrics;
  /** Whether owners can be told by e-mail. */
  readonly sendsMail: boolean;
}

export function createBreakGlassUses({
  db,
  metrics,
  sendsMail,
}: BreakGlassOptions): BreakGlassUses {
  const uses: Counter<'outcome'> = metrics.counter({
    name: 'sagewai_break_glass_uses_total',
    help: 'Requests by a break-glass token, by whether it was let in.',
    labels: ['outcome'],
  });

  const note = (
    token: BreakGlass,
    request: BreakGlassRequest,
    of: { readonly orgId: OrganizationId | null; readonly outcome: 'ok' | 'refused' },
  ) => {
    const orgId = of.orgId ?? PLATFORM_CHAIN;
    uses.add({ outcome: of.outcome });
    return inTenant(db, [orgId], async (tx) => {
      const data = { reason: token.reason, address: request.address, endpoint: request.endpoint };
      const tokenId = token.id;
      if (of.orgId !== null && (await noteFirstUse(tx, { orgId, tokenId }))) {
        const alert = { orgId, type: 'break_glass.used', at: new Date(), data } as const;
        await raiseAlert(tx, alert);
        if (sendsMail) {
          const receivers = await listOwnerEmails(tx, orgId);
          await raiseEmail(tx, { ...alert, title: 'Break-glass was used here', receivers });
        }
      }
      await appendAudit(tx, {
        orgId,
        actor: `token:${token.id}`,
        action: 'identity.useBreakGlass',
        subject: `token:${token.id}`,
        outcome: of.outcome,
        requestId: request.id,
        details: { ...data, actor_name: token.name },
      });
    });
  };

  return {
    find: (hash) => findBreakGlass(db, hash),
    refuse: (token, request) => note(token, request, { orgId: null, outcome: 'refused' }),
    take: async (token, request) => {
      const taken = await takeBreakGlass(db, { id: token.id, address: request.address });
      if (taken !== 'elsewhere') return taken === 'taken';
      await note(token, request, { orgId: null, outcome: 'refused' });
      throw new Fault('caller.unknown', 'the break-glass token is used from another address', {
        detail: 'This break-glass token is used from another address already. Make another.',
      });
    },
    tell: (token, orgId, request) => note(token, request, { orgId, outcome: 'ok' }),
  };
}
