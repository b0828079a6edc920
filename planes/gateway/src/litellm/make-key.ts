import { hashToken, mintToken, newId, tokenHint } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found } from '@sagewai/http';
import {
  endOfEmergency,
  findCredential,
  findTokenWeakness,
  registerCredential,
} from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import type { BodyOf, generateKey, KeyId } from '@sagewai/wire';

import * as keys from '../keys/keys.sql.ts';
import { projectOfKey } from '../keys/project-of-key.ts';
import { FLEET_KEY_PREFIX, KEY_KIND, KEY_PREFIX, type VirtualKey } from '../keys/virtual-key.ts';
import { applyRotation } from '../rotation/apply-rotation.ts';
import { applyLimits } from './apply-limits.ts';
import { demandFreeAlias } from './change-key.ts';
import type { KeyReach } from './find-key.ts';
import { readKeyFields } from './key-fields.ts';
import { mistaken } from './refuse-fields.ts';

/** Makes a key as the fields say; its value is only here. */
export async function makeKey(
  reach: KeyReach,
  fields: BodyOf<typeof generateKey>,
): Promise<{ readonly key: VirtualKey; readonly value: string }> {
  const { tx, orgId, caller } = reach;
  const value = await newValue(tx, fields.key);
  const id = newId<KeyId>();
  const hint = tokenHint(value);
  const read = await readKeyFields(fields, { ...reach, before: null });
  const name = read.name ?? hint;
  if (read.name !== undefined) await demandFreeAlias(reach, read.name, null);
  const { models = [], isBlocked: _, expiresInSeconds = null, ...traits } = read;
  const projectId =
    read.projectId ??
    projectOfKey(caller, 'Name the project of the key in metadata.project, or in X-Project-ID.');
  const expiresAtMost = endOfEmergency(caller);
  const base = { id, orgId, projectId, name, hint, models, expiresInSeconds, expiresAtMost };
  const made = { ...traits, ...base, mayCap: true, createdBy: nameActor(caller) };
  const inserted = await keys.insertKey(tx, made);
  await registerCredential(tx, { hash: hashToken(value), kind: KEY_KIND, id, orgId });
  const key =
    read.isBlocked === true
      ? found(
          await keys.adjustKey(tx, { orgId, projectId, id }, { ...read, expiresAtMost }),
          'It is gone.',
        )
      : inserted;
  await applyRotation(tx, inserted, fields);
  await applyLimits(tx, { orgId, kind: KEY_KIND, id }, fields);
  return { key, value };
}

/** A value of ours, or one that is brought along and as good. */
async function newValue(tx: Tx, given: string | null | undefined): Promise<string> {
  if (given === undefined || given === null) return mintToken(KEY_PREFIX);
  if (!given.startsWith(KEY_PREFIX) || given.startsWith(FLEET_KEY_PREFIX)) {
    throw mistaken('key', `must start with ${KEY_PREFIX}`);
  }
  const weakness = findTokenWeakness(given.slice(KEY_PREFIX.length));
  if (weakness !== null) throw mistaken('key', `is refused: ${weakness}`);
  if ((await findCredential(tx, { kind: KEY_KIND, hash: hashToken(given) })) === null) return given;
  throw new Fault('resource.exists', 'the key is in use', {
    detail: 'This key is in use already.',
  });
}
