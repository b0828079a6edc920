import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { type Db, inTenant } from '@sagewai/postgres';
import type { AccountId, OrganizationId, TokenId, TokenScope } from '@sagewai/wire';

import { registerCredential } from '../credentials.sql.ts';
import { TOKEN_KIND, TOKEN_PREFIX } from '../token.ts';
import { insertToken } from '../tokens.sql.ts';

/** Makes an access token by hand, and tells its value. */
export async function giveToken(
  db: Db,
  of: {
    readonly orgId: OrganizationId;
    readonly scopes: readonly TokenScope[];
    readonly accountId?: AccountId;
  },
): Promise<string> {
  const id = newId<TokenId>();
  const value = mintToken(TOKEN_PREFIX);
  const name = of.scopes.join(' ');
  await inTenant(db, [of.orgId], async (tx) => {
    const token = { ...of, id, projectId: null, name, createdBy: 'test', expiresInSeconds: null };
    await insertToken(tx, token);
    await registerCredential(tx, { hash: hashToken(value), kind: TOKEN_KIND, id, orgId: of.orgId });
  });
  return value;
}
