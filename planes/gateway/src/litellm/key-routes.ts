import { mintToken, open, type SealingKeys, tokenHint } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import {
  blockKey,
  collectKey,
  deleteKeys,
  generateKey,
  type KeyId,
  listLitellmKeys,
  readKeyInfo,
  regenerateKey,
  unblockKey,
  updateLitellmKey,
} from '@sagewai/wire';

import { KEY_PREFIX, type VirtualKey } from '../keys/virtual-key.ts';
import { replaceValue } from '../rotation/replace-value.ts';
import { sealedFor } from '../rotation/rotation.ts';
import { noteRotated, takeSealed } from '../rotation/rotations.sql.ts';
import { changeKey, each, findByAlias } from './change-key.ts';
import { chooseKey, findLiteLlmKey, findLive, type KeyReach } from './find-key.ts';
import { UNSUPPORTED_KEY_FIELDS } from './key-fields.ts';
import { pageKeys } from './key-pages.sql.ts';
import { makeKey } from './make-key.ts';
import { readDuration } from './read-duration.ts';
import { mistaken, refuseFields } from './refuse-fields.ts';
import { revokeKeys } from './revoke-keys.ts';
import { keysOf, type ShownKey, showKeys, showLive } from './show-keys.ts';

const PAGE_KEYS = 10;
const NOTHING_WAITS =
  'No new value of this key waits: it has not rotated by itself, or it was collected already.';

/** `/key/*`: the keys of `/api/v1/keys` in LiteLLM's words. */
export function litellmKeyRoutes({
  forget,
  keys,
}: {
  readonly forget: () => void;
  /** Seal values that keys got by themselves. */
  readonly keys: SealingKeys;
}): Route[] {
  return [
    implement(generateKey, async ({ body, audit, setHeader, ...reach }) => {
      refuse(body, generateKey);
      const { key, value } = await makeKey(reach, body);
      const shown = await showOne(reach, key);
      audit.about(`key:${key.id}`, inWords(shown));
      setHeader('cache-control', 'no-store');
      return { ...shown, key: value };
    }),

    implement(updateLitellmKey, async ({ body, audit, ...reach }) => {
      refuse(body, updateLitellmKey);
      const key = await changeKey(reach, await findLiteLlmKey(reach, body.key), body);
      reach.tx.onCommit(forget);
      const shown = await showOne(reach, key);
      audit.about(`key:${key.id}`, inWords(shown));
      return { ...shown, key: body.key };
    }),

    implement(regenerateKey, async ({ params, body, audit, setHeader, ...reach }) => {
      const { tx, orgId } = reach;
      refuse(body, regenerateKey);
      const before = await findLiteLlmKey(reach, params.key);
      const value = mintToken(KEY_PREFIX);
      const hint = tokenHint(value);
      const { id } = before;
      const name = before.name === before.hint ? { name: hint } : {};
      // First: it locks the key, so that of two at once the second finds the value of the first to drop.
      const key = await changeKey(reach, before, body, { hint, ...name });
      const graceSeconds = readDuration(body.grace_period ?? null, 'grace_period') ?? 0;
      await replaceValue(tx, { orgId, id }, { value, keepsFormer: graceSeconds > 0 });
      await noteRotated(tx, { orgId, id }, { overlapMs: graceSeconds * 1_000, sealed: null });
      tx.onCommit(forget);
      const shown = await showOne(reach, key);
      audit.about(`key:${id}`, inWords(shown));
      setHeader('cache-control', 'no-store');
      return { ...shown, key: value };
    }),

    implement(collectKey, async ({ params, audit, setHeader, ...reach }) => {
      const key = await findLiteLlmKey(reach, params.key);
      const sealed = found(await takeSealed(reach.tx, key), NOTHING_WAITS);
      const opened = open(keys, sealed, sealedFor(key));
      if (opened.kind !== 'opened') throw new Error(`a new value of the key ${key.id} is not ours`);
      const shown = await showOne(reach, key);
      audit.about(`key:${key.id}`, { name: key.name });
      setHeader('cache-control', 'no-store');
      return { ...shown, key: opened.data.toString() };
    }),

    implement(deleteKeys, async ({ body, audit, ...reach }) => {
      const { tx } = reach;
      refuse(body, deleteKeys);
      const refs = [...(body.keys ?? []), ...(body.key_aliases ?? [])];
      if (refs.length === 0) throw mistaken('keys', 'or key_aliases must name one');
      const named = [
        ...(await each(body.keys, (ref) => findLiteLlmKey(reach, ref))),
        ...(await each(body.key_aliases, (alias) => findByAlias(reach, alias))),
      ];
      const revoked = new Map(named.map((key) => [key.id, key]));
      await revokeKeys(tx, [...revoked.values()]);
      tx.onCommit(forget);
      const [first] = [...revoked.keys()];
      audit.about(revoked.size === 1 ? `key:${first}` : 'keys', {
        count: revoked.size,
        keys: [...revoked.keys()].join(' '),
      });
      return { deleted_keys: refs };
    }),

    implement(blockKey, async ({ body, audit, ...reach }) => {
      const key = await changeKey(reach, await findLiteLlmKey(reach, body.key), { blocked: true });
      reach.tx.onCommit(forget);
      audit.about(`key:${key.id}`, { name: key.name, blocked: true });
      return showOne(reach, key);
    }),

    implement(unblockKey, async ({ body, audit, ...reach }) => {
      const key = await changeKey(reach, await findLiteLlmKey(reach, body.key), { blocked: false });
      reach.tx.onCommit(forget);
      audit.about(`key:${key.id}`, { name: key.name, blocked: false });
      return showOne(reach, key);
    }),

    implement(readKeyInfo, async ({ query, ...reach }) => {
      const { tx, orgId, caller } = reach;
      if (caller.kind === 'key') {
        const own = await findLive(reach, { orgId, projectId: null, id: caller.id });
        const asked = query.key === undefined ? null : await chooseKey(reach, query.key);
        if (asked !== null && asked.id !== own.id) throw notItsOwn(caller);
        const info = await showOne(reach, own);
        return { key: query.key ?? info.token ?? info.key_name, info };
      }
      if (query.key !== undefined) {
        const info = await showOne(reach, await findLiteLlmKey(reach, query.key));
        return { key: query.key, info };
      }
      const filter = { orgId, projectId: boundProject(caller) };
      return { keys: await keysOf(tx, filter) };
    }),

    implement(listLitellmKeys, async ({ query, ...reach }) => {
      const { tx, orgId, caller } = reach;
      const { page = 1, size = PAGE_KEYS } = query;
      const hashed =
        query.key_hash === undefined ? undefined : (await chooseKey(reach, query.key_hash)).id;
      const filter = {
        orgId,
        projectId: boundProject(caller),
        name: query.key_alias,
        teamId: query.team_id,
        personId: query.user_id,
        keyId: hashed as KeyId | undefined,
      };
      const { ids, total } = await pageKeys(tx, filter, {
        offset: (page - 1) * size,
        limit: size,
      });
      const shown = await showLive(tx, orgId, ids);
      return {
        keys:
          query.return_full_object === true
            ? shown
            : shown.map(({ token, key_name: name }) => token ?? name),
        total_count: total,
        current_page: page,
        total_pages: Math.ceil(total / size),
      };
    }),
  ];
}

function refuse(body: object, { body: schema }: { readonly body?: object }): void {
  if (schema) refuseFields(body as Record<string, unknown>, schema, UNSUPPORTED_KEY_FIELDS);
}

async function showOne({ tx, orgId }: KeyReach, key: VirtualKey): Promise<ShownKey> {
  const [shown] = await showKeys(tx, orgId, [key]);
  return found(shown, 'There is no such key.');
}

const notItsOwn = (caller: Caller): Fault =>
  new Fault('caller.forbidden', `key ${caller.id} asks about another`, {
    detail: 'A key may read what is known of itself only.',
  });

/** As the audit log has it. */
const inWords = (key: ShownKey) => ({
  alias: key.key_alias,
  project_id: key.project_id,
  team: key.team_id,
  user: key.user_id,
  models: key.models.join(' '),
  routes: key.allowed_routes.join(' '),
  blocked: key.blocked,
  max_budget: key.max_budget,
  budget_duration: key.budget_duration,
  tpm_limit: key.tpm_limit,
  rpm_limit: key.rpm_limit,
});
