import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { found, implement, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import { createToken, listTokens, revokeToken, type TokenId } from '@sagewai/wire';

import { endOfEmergency } from './break-glass/end-of-emergency.ts';
import { dropCredential, registerCredential } from './credentials.sql.ts';
import { cutPage, toPage } from './page.ts';
import { resolveProject, type TokenDetail } from './resolve-caller.ts';
import { chooseHolder } from './roles/choose-holder.ts';
import type { TokenReader } from './token-reader.ts';
import { type AccessToken, TOKEN_KIND, TOKEN_PREFIX } from './token.ts';
import { insertToken, listTokens as readTokens, revoke } from './tokens.sql.ts';

export function tokenRoutes({ tokens }: { readonly tokens: TokenReader }): Route[] {
  return [
    implement(listTokens, async ({ tx, orgId, query }) => {
      const page = toPage(query);
      const read = await readTokens(tx, { orgId, page: { ...page, limit: page.limit + 1 } });
      const { items, next } = cutPage(read, page, ({ id }) => id);
      return { tokens: items.map(toWire), next_cursor: next };
    }),

    implement(createToken, async ({ tx, orgId, body, caller, audit, setHeader }) => {
      const id = newId<TokenId>();
      const named = body.project;
      const projectId = named === undefined ? null : await resolveProject(tx, { orgId, named });
      const holder = await chooseHolder(tx, {
        orgId,
        caller,
        scopes: body.scopes,
        named: body.service_account,
      });
      const value = mintToken(TOKEN_PREFIX);
      const token = await insertToken(tx, {
        id,
        orgId,
        projectId,
        name: body.name,
        scopes: body.scopes,
        ...holder,
        singleUse: body.single_use ?? false,
        isEmergency: endOfEmergency(caller) !== null, // G5
        createdBy: nameActor(caller),
        expiresInSeconds: body.expires_in_seconds ?? null,
        expiresAtMost: (caller.detail as Partial<TokenDetail> | undefined)?.expiresAt ?? null,
      });
      await registerCredential(tx, { hash: hashToken(value), kind: TOKEN_KIND, id, orgId });
      audit.about(`token:${id}`, {
        name: body.name,
        scopes: body.scopes.join(' '),
        project_id: projectId,
        ...(body.single_use === true && { single_use: true }),
        ...(holder.serviceAccountId && { service_account_id: holder.serviceAccountId }),
      });
      setHeader('cache-control', 'no-store');
      return { ...toWire(token), token: value };
    }),

    implement(revokeToken, async ({ tx, orgId, params, audit }) => {
      const id = params.token_id as TokenId;
      const token = found(await revoke(tx, { orgId, id }), `There is no access token ${id}.`);
      await dropCredential(tx, { kind: TOKEN_KIND, id }); // I3
      tx.onCommit(() => tokens.forget(id));
      audit.about(`token:${id}`, { name: token.name });
      return toWire(token);
    }),
  ];
}

const toWire = (token: AccessToken) => ({
  id: token.id,
  name: token.name,
  scopes: [...token.scopes],
  project_id: token.projectId,
  account_id: token.accountId,
  service_account_id: token.serviceAccountId,
  single_use: token.singleUse,
  created_by: token.createdBy,
  created_at: token.createdAt.toISOString(),
  expires_at: token.expiresAt?.toISOString() ?? null,
  revoked_at: token.revokedAt?.toISOString() ?? null,
  last_used_at: token.lastUsedAt?.toISOString() ?? null,
});
