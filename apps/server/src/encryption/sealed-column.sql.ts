/** How a column is named whose rows are sealed, and what names one of them. */
import { projectCredentialContext } from '@sagewai/gateway';
import { idTokenContext } from '@sagewai/identity';
import { sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { SealingPurpose } from './purposes.ts';

interface Resealed {
  readonly by: 'row';
  /** What names a row, and is unique. */
  readonly id: Statement<unknown>;
  readonly idType: Statement<unknown>;
  /** An array of texts from which its context is made. */
  readonly names: Statement<unknown>;
  readonly contextOf: (names: readonly string[]) => string;
}

/** Only its holder can open it, and it ends by itself: it is waited for. */
interface Expiring {
  readonly by: 'expiry';
  readonly isAlive: Statement<unknown>;
}

export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** Isolated by organization, or of the dispatch list. */
  readonly isolated: boolean;
  readonly purpose: SealingPurpose;
  readonly from: Statement<unknown>;
  readonly value: Statement<unknown>;
  readonly how: Resealed | Expiring;
}

export const uuid = sql`uuid`;
export const text = sql`text`;
export const id = sql`id`;
export const ownId = sql`array[id::text]`;

export const byId = (contextOf: (id: string) => string): Resealed => ({
  by: 'row',
  id,
  idType: uuid,
  names: ownId,
  contextOf: ([own = '']) => contextOf(own),
});

export const inOrganization = (
  name: Statement<unknown>,
  contextOf: (orgId: OrganizationId, id: string) => string,
): Resealed => ({
  by: 'row',
  id: name,
  idType: uuid,
  names: sql`array[org_id::text, ${name}::text]`,
  contextOf: ([orgId = '', own = '']) => contextOf(orgId as OrganizationId, own),
});

export const ofCredential = (baseUrl: Statement<unknown>): Resealed => ({
  by: 'row',
  id: sql`project_id`,
  idType: uuid,
  names: sql`array[org_id::text, project_id::text, ${baseUrl}]`,
  contextOf: ([orgId = '', projectId = '', url = '']) =>
    projectCredentialContext({
      orgId: orgId as OrganizationId,
      projectId: projectId as ProjectId,
      baseUrl: url,
    }),
});

export const ofIdToken = (name: Statement<unknown>): Resealed => ({
  by: 'row',
  id: name,
  idType: uuid,
  names: sql`array[account_id::text]`,
  contextOf: ([accountId = '']) => idTokenContext(accountId),
});
