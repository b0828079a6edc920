import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { endOfEmergency, registerCredential } from '@sagewai/identity';
import { nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  createEnrollmentKey,
  type EnrollmentKeyId,
  listEnrollmentKeys,
  type OutputOf,
  revokeEnrollmentKey,
  rotateEnrollmentKey,
  WORKER_SCOPES,
} from '@sagewai/wire';

import { toKey } from '../runs/to-wire.ts';
import { ENROLLMENT_KEY_KIND, ENROLLMENT_KEY_PREFIX } from '../workers/worker.ts';
import { wrongCidr } from './allows-address.ts';
import {
  insertEnrollmentKey,
  listEnrollmentKeys as readKeys,
  replaceEnrollmentSecret,
  revokeEnrollmentKey as endKey,
} from './enrollment-keys.sql.ts';

const NO_SUCH_KEY = 'There is no such enrollment key, or it was revoked before.';

export function enrollmentKeyRoutes(): Route[] {
  return [
    implement(listEnrollmentKeys, async ({ tx, orgId }) => {
      const keys = await readKeys(tx, orgId, 'key');
      return { keys: keys.map(toKey), total: keys.length };
    }),

    implement(createEnrollmentKey, async ({ tx, orgId, body, caller, audit }) => {
      const id = newId<EnrollmentKeyId>();
      const key = mintToken(ENROLLMENT_KEY_PREFIX);
      const { pool } = body;
      const expiresAt = typeof body.expires_at === 'string' ? new Date(body.expires_at) : null;
      const inserted = await insertEnrollmentKey(tx, {
        id,
        orgId,
        name: body.name,
        maxUses: usesMaxOf(body),
        expiresAt,
        expiresInSeconds: body.expires_in_seconds ?? null,
        expiresAtMost: endOfEmergency(caller),
        allowedPools: body.allowed_pools ?? body.pools ?? (typeof pool === 'string' ? [pool] : []),
        allowedModels: body.allowed_models ?? body.models ?? [],
        allowedLabels: body.allowed_labels ?? [],
        allowedCidrs: demandCidrs(body.allowed_cidrs ?? []),
        autoApprove: body.auto_approve ?? true,
        scopes: [...WORKER_SCOPES],
        kind: 'key',
        createdBy: nameActor(caller),
      });
      await registerCredential(tx, { kind: ENROLLMENT_KEY_KIND, id, orgId, hash: hashToken(key) });
      audit.about(`enrollment:${id}`, { name: body.name });
      return { ...toKey(inserted), key };
    }),

    implement(rotateEnrollmentKey, async ({ tx, orgId, params, body, audit }) => {
      const id = params.key_id as EnrollmentKeyId;
      const overlapSeconds = body.overlap_seconds ?? 0;
      audit.about(`enrollment:${id}`, { overlap_seconds: overlapSeconds });
      const replaced = found(
        await replaceEnrollmentSecret(tx, { id, overlapSeconds }),
        NO_SUCH_KEY,
      );
      const key = mintToken(ENROLLMENT_KEY_PREFIX);
      await registerCredential(tx, { kind: ENROLLMENT_KEY_KIND, id, orgId, hash: hashToken(key) });
      return { ...toKey(replaced), key };
    }),

    implement(
      revokeEnrollmentKey,
      async ({ tx, params, audit }): Promise<OutputOf<typeof revokeEnrollmentKey>> => {
        const id = params.key_id as EnrollmentKeyId;
        audit.about(`enrollment:${id}`);
        const ended = await endKey(tx, id, 'key');
        found(ended || null, NO_SUCH_KEY);
        return { status: 'ok' };
      },
    ),
  ];
}

function usesMaxOf({ max_uses: max, single_use: single }: BodyOf<typeof createEnrollmentKey>) {
  if (single !== true) return max ?? null;
  if (max === undefined || max === null || max === 1) return 1;
  throw invalid('A key for a single use has one use; leave out either max_uses or single_use.');
}

export function demandCidrs(cidrs: readonly string[]): string[] {
  const wrong = wrongCidr(cidrs);
  if (wrong === null) return [...cidrs];
  throw invalid(`allowed_cidrs: ${wrong} is neither an address nor a range such as 10.0.0.0/8.`);
}

function invalid(detail: string): Fault {
  return new Fault('request.invalid', detail, { detail });
}
