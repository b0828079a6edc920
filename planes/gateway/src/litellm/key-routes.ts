import { hashToken, mintToken, newId, tokenHint } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, dropCredential, registerCredential } from '@sagewai/identity';
import { nameActor } from '@sagewai/trust';
import {
  blockKey,
  deleteKeys,
  generateKey,
  type KeyId,
  listLitellmKeys,
  readKeyInfo,
  regenerateKey,
  unblockKey,
  updateLitellmKey,
} from '@sagewai/wire';

import * as keys from '../keys/keys.sql.ts';
import { KEY_KIND, KEY_PREFIX, type VirtualKey } from '../keys/virtual-key.ts';
import {
  applyKeyLimits,
  changeKey,
  demandFreeAlias,
  each,
  findByAlias,
  newValue,
} from './change-key.ts';
import { chooseKey, findLiteLlmKey, findLive, type KeyReach } from './find-key.ts';
import { readKeyFields, UNSUPPORTED_KEY_FIELDS } from './key-fields.ts';
import { pageKeys } from './key-pages.sql.ts';
import { mistaken, refuseFields } from './refuse-fields.ts';
import { type ShownKey, showKeys } from './show-keys.ts';

const PAGE_KEYS = 10;
const LISTED_KEYS_MAX = 100;

/** `/key/*`: the keys of `/api/v1/keys` in LiteLLM's words. */
export function litellmKeyRoutes({ forget }: { readonly forget: () => void }): Route[] {
  return [
    implement(generateKey, async ({ body, audit, setHeader, ...reach }) => {
      const { tx, orgId, caller } = reach;
      refuse(body, generateKey);
      const value = await newValue(tx, body.key);
      const id = newId<KeyId>();
      const hint = tokenHint(value);
      const read = await readKeyFields(body, { ...reach, before: null });
      const name = read.name ?? hint;
      if (read.name !== undefined) await demandFreeAlias(reach, read.name, null);
      const { models = [], isBlocked: _, expiresInSeconds = null, ...traits } = read;
      const projectId = read.projectId ?? projectOf(caller);
      const base = { id, orgId, projectId, name, hint, models, expiresInSeconds };
      const made = { ...traits, ...base, mayCap: true, createdBy: nameActor(caller) };
      const inserted = await keys.insertKey(tx, made);
      await registerCredential(tx, { hash: hashToken(value), kind: KEY_KIND, id, orgId });
      const key =
        read.isBlocked === true
          ? found(await keys.adjustKey(tx, { orgId, projectId, id }, read), 'It is gone.')
          : inserted;
      await applyKeyLimits(tx, key, body);
      const shown = await showOne(reach, key);
      audit.about(`key:${id}`, inWords(shown));
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
      await dropCredential(tx, { kind: KEY_KIND, id: before.id });
      const { id } = before;
      await registerCredential(tx, { hash: hashToken(value), kind: KEY_KIND, id, orgId });
      const name = before.name === before.hint ? { name: hint } : {};
      const key = await changeKey(reach, before, body, { hint, ...name });
      tx.onCommit(forget);
      const shown = await showOne(reach, key);
      audit.about(`key:${id}`, inWords(shown));
      setHeader('cache-control', 'no-store');
      return { ...shown, key: value };
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
      for (const { id, orgId, projectId } of revoked.values()) {
        await keys.revokeKey(tx, { orgId, projectId, id });
        await dropCredential(tx, { kind: KEY_KIND, id });
      }
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
      const { ids } = await pageKeys(tx, filter, { offset: 0, limit: LISTED_KEYS_MAX });
      return { keys: await showAll(reach, ids) };
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
      const shown = await showAll(reach, ids);
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

async function showAll(reach: KeyReach, ids: readonly KeyId[]): Promise<ShownKey[]> {
  const { tx, orgId } = reach;
  const live = await each(ids, (id) => findLive(reach, { orgId, projectId: null, id }));
  return showKeys(tx, orgId, live);
}

async function showOne({ tx, orgId }: KeyReach, key: VirtualKey): Promise<ShownKey> {
  const [shown] = await showKeys(tx, orgId, [key]);
  return found(shown, 'There is no such key.');
}

function projectOf({ projectId }: Caller) {
  if (projectId !== null) return projectId;
  throw new Fault('project.missing', 'a key needs a project', {
    detail: 'Name the project of the key in metadata.project, or in X-Project-ID.',
  });
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
