/** The one written list of what is sealed in rows, and the statements that move it to another key. */
import { organizationKeyContext, triggerContext } from '@sagewai/fleet';
import {
  guardrailContext,
  keyRotationContext,
  projectCredentialContext,
  storedModelContext,
} from '@sagewai/gateway';
import { connectionContext, idTokenContext, totpContext } from '@sagewai/identity';
import { sql, type Statement } from '@sagewai/postgres';
import { sinkContext, webhookContext } from '@sagewai/trust';
import type { AccountId, OrganizationId, ProjectId } from '@sagewai/wire';

import { lastingContext } from './lasting-context.ts';
import type { SealingPurpose } from './purposes.ts';
import { SEALED_OF_TOOLS } from './sealed-tools.sql.ts';

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

const uuid = sql`uuid`;
const text = sql`text`;
const id = sql`id`;
const ownId = sql`array[id::text]`;

const byId = (contextOf: (id: string) => string): Resealed => ({
  by: 'row',
  id,
  idType: uuid,
  names: ownId,
  contextOf: ([own = '']) => contextOf(own),
});

const inOrganization = (
  name: Statement<unknown>,
  contextOf: (orgId: OrganizationId, id: string) => string,
): Resealed => ({
  by: 'row',
  id: name,
  idType: uuid,
  names: sql`array[org_id::text, ${name}::text]`,
  contextOf: ([orgId = '', own = '']) => contextOf(orgId as OrganizationId, own),
});

const ofCredential = (baseUrl: Statement<unknown>): Resealed => ({
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

const ofIdToken = (name: Statement<unknown>): Resealed => ({
  by: 'row',
  id: name,
  idType: uuid,
  names: sql`array[account_id::text]`,
  contextOf: ([accountId = '']) => idTokenContext(accountId),
});

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    table: 'account_totp',
    column: 'sealed_secret',
    isolated: true,
    purpose: 'account-totp',
    from: sql`account_totp`,
    value: sql`sealed_secret`,
    how: {
      by: 'row',
      id: sql`account_id`,
      idType: uuid,
      names: sql`array[org_id::text, account_id::text]`,
      contextOf: ([orgId = '', accountId = '']) =>
        totpContext({ orgId: orgId as OrganizationId, accountId: accountId as AccountId }),
    },
  },
  {
    table: 'alert_webhook',
    column: 'secret_sealed',
    isolated: true,
    purpose: 'alert-webhook',
    from: sql`alert_webhook`,
    value: sql`secret_sealed`,
    how: byId(webhookContext),
  },
  {
    table: 'alert_webhook',
    column: 'previous_sealed',
    isolated: true,
    purpose: 'alert-webhook',
    from: sql`alert_webhook`,
    value: sql`previous_sealed`,
    how: byId(webhookContext),
  },
  {
    table: 'audit_sink',
    column: 'secret_sealed',
    isolated: true,
    purpose: 'audit-sink',
    from: sql`audit_sink`,
    value: sql`secret_sealed`,
    how: byId(sinkContext),
  },
  {
    table: 'guardrail',
    column: 'sealed_secret',
    isolated: true,
    purpose: 'gateway-model',
    from: sql`guardrail`,
    value: sql`sealed_secret`,
    how: inOrganization(id, (orgId, own) => guardrailContext({ orgId, id: own })),
  },
  {
    table: 'key_rotation',
    column: 'sealed',
    isolated: true,
    purpose: 'gateway-model',
    from: sql`key_rotation`,
    value: sql`sealed`,
    how: inOrganization(sql`key_id`, (orgId, own) => keyRotationContext({ orgId, id: own })),
  },
  {
    table: 'lasting_key',
    column: 'sealed',
    isolated: false,
    purpose: 'lasting-key',
    from: sql`lasting_key`,
    value: sql`sealed`,
    how: {
      by: 'row',
      id: sql`purpose`,
      idType: text,
      names: sql`array[purpose]`,
      contextOf: ([purpose = '']) => lastingContext(purpose),
    },
  },
  {
    table: 'oidc_connection',
    column: 'client_secret',
    isolated: true,
    purpose: 'sso',
    from: sql`oidc_connection`,
    value: sql`client_secret`,
    how: byId(connectionContext),
  },
  {
    table: 'oidc_handover',
    column: 'id_token',
    isolated: true,
    purpose: 'sso',
    from: sql`oidc_handover`,
    value: sql`id_token`,
    how: ofIdToken(id),
  },
  {
    table: 'oidc_login',
    column: 'sealed',
    isolated: true,
    purpose: 'sso',
    from: sql`oidc_login`,
    value: sql`sealed`,
    how: { by: 'expiry', isAlive: sql`expires_at > app_now()` },
  },
  {
    table: 'oidc_session',
    column: 'id_token',
    isolated: true,
    purpose: 'sso',
    from: sql`oidc_session`,
    value: sql`id_token`,
    how: ofIdToken(sql`session_id`),
  },
  {
    table: 'organization_key',
    column: 'wrapped',
    isolated: true,
    purpose: 'fleet/organization-keys',
    from: sql`organization_key`,
    value: sql`wrapped`,
    how: inOrganization(id, (orgId, own) => organizationKeyContext({ orgId, id: own })),
  },
  {
    table: 'project_credential',
    column: 'sealed',
    isolated: false,
    purpose: 'gateway-model',
    from: sql`project_credential`,
    value: sql`sealed`,
    how: ofCredential(sql`base_url`),
  },
  {
    table: 'project_credential',
    column: 'former_sealed',
    isolated: false,
    purpose: 'gateway-model',
    from: sql`project_credential`,
    value: sql`former_sealed`,
    how: ofCredential(sql`former_base_url`),
  },
  {
    table: 'run_trigger',
    column: 'secret_sealed',
    isolated: true,
    purpose: 'fleet/trigger',
    from: sql`run_trigger`,
    value: sql`secret_sealed`,
    how: byId(triggerContext),
  },
  {
    table: 'run_trigger',
    column: 'previous_sealed',
    isolated: true,
    purpose: 'fleet/trigger',
    from: sql`run_trigger`,
    value: sql`previous_sealed`,
    how: byId(triggerContext),
  },
  {
    table: 'stored_model',
    column: 'sealed',
    isolated: false,
    purpose: 'gateway-model',
    from: sql`stored_model`,
    value: sql`sealed`,
    how: {
      by: 'row',
      id,
      idType: text,
      names: ownId,
      contextOf: ([own = '']) => storedModelContext(own),
    },
  },
  ...SEALED_OF_TOOLS,
];
