import { newId } from '@sagewai/crypto';
import { found, implement, type Route } from '@sagewai/http';
import { endOfEmergency } from '@sagewai/identity';
import { nameActor } from '@sagewai/trust';
import {
  type EnrollmentKeyId,
  issueFleetToken,
  listFleetTokens,
  type OutputOf,
  revokeFleetToken,
  WORKER_SCOPES,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { toFleetToken } from '../runs/to-wire.ts';
import { demandCidrs } from './enrollment-key-routes.ts';
import {
  insertEnrollmentKey,
  listEnrollmentKeys,
  revokeEnrollmentKey,
} from './enrollment-keys.sql.ts';
import { mintRegistrationToken } from './registration-token.ts';

/** Pre-issued worker tokens: enrollment keys whose value is a signed token. */
export function fleetTokenRoutes({ clock, settings, workerTokenKey }: FleetParts): Route[] {
  return [
    implement(listFleetTokens, async ({ tx, orgId }) => {
      const tokens = await listEnrollmentKeys(tx, orgId, 'token');
      return { tokens: tokens.map(toFleetToken), total: tokens.length };
    }),

    implement(issueFleetToken, async ({ tx, orgId, body, caller, audit }) => {
      const id = newId<EnrollmentKeyId>();
      const issuedAt = clock.now();
      const ttlMs = (body.expires_in_seconds ?? settings.issuedTokenTtlMs / 1_000) * 1_000;
      const endsMs = endOfEmergency(caller)?.getTime() ?? Infinity;
      const expiresAt = new Date(Math.min(issuedAt.getTime() + ttlMs, endsMs));
      const inserted = await insertEnrollmentKey(tx, {
        id,
        orgId,
        name: body.name,
        maxUses: body.max_uses ?? null,
        expiresAt,
        expiresInSeconds: null,
        allowedPools: body.allowed_pools ?? [],
        allowedModels: body.allowed_models ?? [],
        allowedLabels: body.allowed_labels ?? [],
        allowedCidrs: demandCidrs(body.allowed_cidrs ?? []),
        autoApprove: true,
        scopes: body.scopes ?? [...WORKER_SCOPES],
        kind: 'token',
        createdBy: nameActor(caller),
      });
      audit.about(`enrollment:${id}`, { name: body.name, scopes: inserted.scopes.join(' ') });
      const token = mintRegistrationToken(workerTokenKey, { id, orgId, issuedAt, expiresAt });
      return { ...toFleetToken(inserted), token };
    }),

    implement(
      revokeFleetToken,
      async ({ tx, params, audit }): Promise<OutputOf<typeof revokeFleetToken>> => {
        const id = params.token_id as EnrollmentKeyId;
        audit.about(`enrollment:${id}`);
        const ended = await revokeEnrollmentKey(tx, id, 'token');
        found(ended || null, 'There is no such token, or it was revoked before.');
        return { status: 'ok' };
      },
    ),
  ];
}
