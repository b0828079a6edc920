/** A row in each sealed column, as its plane would have sealed it. */
import { randomUUID } from 'node:crypto';

import { callContext, toolContext } from '@sagewai/action';
import { type MasterKeys, seal } from '@sagewai/crypto';
import { organizationKeyContext, triggerContext } from '@sagewai/fleet';
import {
  callBodyContext,
  guardrailContext,
  keyRotationContext,
  projectCredentialContext,
  storedModelContext,
} from '@sagewai/gateway';
import { connectionContext, idTokenContext, totpContext } from '@sagewai/identity';
import { artifactContext, dialogContext } from '@sagewai/intelligence';
import { type Db, inTransaction, sql } from '@sagewai/postgres';
import { sinkContext, webhookContext } from '@sagewai/trust';
import type { AccountId, OrganizationId, ProjectId } from '@sagewai/wire';

import { keysFor, type SealingPurpose } from './purposes.ts';

/** As the superuser: what rows refer to is left out. */
export async function sealRows(
  owner: Db,
  masters: MasterKeys,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
): Promise<void> {
  const id = randomUUID();
  const former = 'https://former.example';
  const base = 'https://models.example';
  const by = (purpose: SealingPurpose, context: string): string =>
    seal(keysFor(masters, purpose)[0], `canary ${context}`, context);
  const accountId = id as AccountId;
  const totp = by('account-totp', totpContext({ orgId, accountId }));
  const webhook = by('alert-webhook', webhookContext(id));
  const trigger = by('fleet/trigger', triggerContext(id));
  const idToken = by('sso', idTokenContext(id));
  const ofProject = { orgId, projectId };
  const credential = by('gateway-model', projectCredentialContext({ ...ofProject, baseUrl: base }));
  const before = by('gateway-model', projectCredentialContext({ ...ofProject, baseUrl: former }));
  await inTransaction(owner, async (tx) => {
    await sql`select set_config('session_replication_role', 'replica', true)`.execute(tx);
    await sql`insert into account_totp (account_id, org_id, sealed_secret) values (${id}, ${orgId}, ${totp})`.execute(
      tx,
    );
    await sql`
      insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, previous_sealed, previous_until, created_by)
      values (${id}, ${orgId}, 'hook', 'https://a.example', '{}', ${webhook}, ${webhook}, app_now(), 'test')
    `.execute(tx);
    await sql`
      insert into artifact (org_id, id, project_id, name, bytes, sha256, sealed_key, created_by)
      values (${orgId}, ${id}, ${projectId}, 'a', 1, 'x', ${by('intelligence', artifactContext(orgId, id))}, 't')
    `.execute(tx);
    await sql`
      insert into audit_sink (id, org_id, name, url, format, secret_sealed, created_by, cursor_seq)
      values (${id}, ${orgId}, 'sink', 'https://a.example', 'jsonl', ${by('audit-sink', sinkContext(id))}, 'test', 0)
    `.execute(tx);
    await sql`
      insert into call_body (org_id, call_id, project_id, drop_at, sealed_request, sealed_answer, request_bytes,
                             answer_bytes, is_cut)
      values (${orgId}, ${id}, ${id}, app_now() + interval '1 day',
              ${by('gateway-model', callBodyContext({ orgId, callId: id, side: 'request' }))},
              ${by('gateway-model', callBodyContext({ orgId, callId: id, side: 'answer' }))}, 1, 1, false)
    `.execute(tx);
    await sql`
      insert into chat_dialog (org_id, id, project_id, session_id, seq, sealed)
      values (${orgId}, ${id}, ${projectId}, 'chat', 1, ${by('intelligence', dialogContext(orgId, id))})
    `.execute(tx);
    await sql`
      insert into guardrail (org_id, id, name, kind, spec, sealed_secret, created_by)
      values (${orgId}, ${id}, 'hook', 'webhook', '{}', ${by('gateway-model', guardrailContext({ orgId, id }))}, 't')
    `.execute(tx);
    await sql`
      insert into key_rotation (org_id, key_id, sealed)
      values (${orgId}, ${id}, ${by('gateway-model', keyRotationContext({ orgId, id }))})
    `.execute(tx);
    await sql`
      insert into oidc_connection (id, org_id, name, issuer, client_id, client_secret,
                                   client_authentication, scopes, claims, group_roles, email_domains, provisioning,
                                   enforced, enabled, created_by)
      values (${id}, ${orgId}, 'sso', 'https://idp.example', 'c', ${by('sso', connectionContext(id))}, 'basic', '{openid}',
              '{}', '{}', '{}', 'first_sign_in', false, true, 't')
    `.execute(tx);
    await sql`
      insert into oidc_handover (id, org_id, connection_id, account_id, challenge, id_token, expires_at)
      values (${id}, ${orgId}, ${id}, ${id}, 'c', ${idToken}, app_now() + interval '1 hour')
    `.execute(tx);
    await sql`
      insert into oidc_login (state_hash, org_id, connection_id, browser_hash, sealed, redirect_uri, return_to, expires_at)
      values (sha256(${id}::text::bytea), ${orgId}, ${id}, sha256(${id}::text::bytea), ${by('sso', `oidc-login/${id}`)},
              'https://a.example', '/', app_now() + interval '1 hour')
    `.execute(tx);
    await sql`
      insert into oidc_session (session_id, org_id, connection_id, account_id, id_token)
      values (${id}, ${orgId}, ${id}, ${id}, ${idToken})
    `.execute(tx);
    await sql`
      insert into organization_key (id, org_id, wrapped, created_at)
      values (${id}, ${orgId}, ${by('fleet/organization-keys', organizationKeyContext({ orgId, id }))}, app_now())
    `.execute(tx);
    await sql`
      insert into project_credential (project_id, org_id, base_url, hint, is_made, sealed, former_base_url, former_sealed, created_by)
      values (${projectId}, ${orgId}, ${base}, 'h', true, ${credential}, ${former}, ${before}, 'test')
    `.execute(tx);
    await sql`
      insert into run_trigger (id, org_id, project_id, name, kind, enabled, options, run, path, secret_sealed, previous_sealed,
                               previous_until, created_by, created_at)
      values (${id}, ${orgId}, ${projectId}, ${id}, 'webhook', true, '{}', '{}', ${id}, ${trigger}, ${trigger}, app_now(), 't', app_now())
    `.execute(tx);
    await sql`
      insert into stored_model (id, sealed, created_by) values (${id}, ${by('gateway-model', storedModelContext(id))}, 't')
    `.execute(tx);
    await sql`
      insert into tool (org_id, id, name, kind, manifest, digest, sealed_credential, created_by)
      values (${orgId}, ${id}, 'tool', 'http', '{}', ${'a'.repeat(64)}, ${by('tools', toolContext({ orgId, id }))}, 't')
    `.execute(tx);
    await sql`
      insert into tool_call (org_id, id, project_id, tool_id, tool_name, tool_version, tool_digest, mode, key, state,
                             arguments_digest, sealed_key, arguments_sealed, requested_by, due_at)
      values (${orgId}, ${id}, ${projectId}, ${id}, 'tool', 1, '', 'network', sha256(${id}::text::bytea), 'waiting', '',
              ${by('tools', callContext({ orgId, id }))}, '', 't', app_now())
    `.execute(tx);
  });
}
