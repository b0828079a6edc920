import { createHash } from 'node:crypto';

import { checkJwtSecret, hashToken } from '@sagewai/crypto';
import { registerCredential } from '@sagewai/identity';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { EnrollmentKeyId, OrganizationId } from '@sagewai/wire';
import { createEnrollmentKey, WORKER_SCOPES } from '@sagewai/wire';

import { ENROLLMENT_KEY_KIND, ENROLLMENT_KEY_PREFIX } from '../workers/worker.ts';
import { findEnrollmentKey, insertEnrollmentKey } from './enrollment-keys.sql.ts';

/** An enrollment key that the operator has written into the server's settings, so that workers enroll without a hand. */
export interface DeclaredKey {
  readonly key: string;
  readonly orgId: OrganizationId;
  readonly pools: readonly string[];
  readonly models: readonly string[];
  readonly usesMax: number;
  readonly lifeMs: number;
}

const NAME = 'declared by the server';
const TAKEN = '23505';

/** Why such a key is refused, without the key; null when it will do. */
export function findKeyWeakness(key: string): string | null {
  if (!key.startsWith(ENROLLMENT_KEY_PREFIX))
    return `expected it to begin with ${ENROLLMENT_KEY_PREFIX}`;
  if (/[\s,]/.test(key)) return 'it contains blanks or commas';
  return checkJwtSecret(key.slice(ENROLLMENT_KEY_PREFIX.length));
}

/**
 * Makes the key, once: its id follows from its value, so what has become of it (used up, expired, rotated, revoked) stays
 * so through every later start, on any number of replicas.
 */
export async function ensureDeclaredKey(db: Db, declared: DeclaredKey): Promise<'made' | 'known'> {
  const { key, orgId, pools, models, usesMax, lifeMs } = declared;
  const hash = hashToken(key);
  const id = idOf(orgId, hash);
  try {
    return await inTenant(db, [orgId], async (tx) => {
      if ((await findEnrollmentKey(tx, { id, hash })) !== null) return 'known';
      await insertEnrollmentKey(tx, {
        id,
        orgId,
        name: NAME,
        maxUses: usesMax,
        expiresAt: null,
        expiresInSeconds: Math.ceil(lifeMs / 1_000),
        allowedPools: [...pools],
        allowedModels: [...models],
        allowedLabels: [],
        allowedCidrs: [],
        autoApprove: true,
        scopes: [...WORKER_SCOPES],
        kind: 'key',
        createdBy: 'server',
      });
      await registerCredential(tx, { kind: ENROLLMENT_KEY_KIND, id, orgId, hash });
      await appendAudit(tx, {
        orgId,
        actor: 'server',
        action: createEnrollmentKey.id,
        subject: `enrollment:${id}`,
        outcome: 'ok',
        requestId: '',
        details: { name: NAME },
      });
      return 'made';
    });
  } catch (error) {
    // Another replica was quicker.
    if ((error as { code?: unknown }).code === TAKEN) return 'known';
    throw error;
  }
}

function idOf(orgId: OrganizationId, hash: Uint8Array): EnrollmentKeyId {
  const hex = createHash('sha256').update(`declared ${orgId} `).update(hash).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}` as EnrollmentKeyId;
}
