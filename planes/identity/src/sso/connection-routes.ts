import { newId, seal, type SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';
import { found, implement, implementOwn, type Route } from '@sagewai/http';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  createSsoConnection,
  deleteSsoConnection,
  getSsoConnection,
  listSsoConnections,
  type OrganizationId,
  type OutputOf,
  testSsoConnection,
  updateSsoConnection,
} from '@sagewai/wire';

import { dropCredential, registerCredential } from '../credentials.sql.ts';
import { resolveProject } from '../resolve-caller.ts';
import { connectionKey, CONNECTION_KIND, openSecret, sealedContext } from './connection-key.ts';
import type { GroupRole, OidcConnection } from './connection.ts';
import {
  deleteConnection,
  findConnection,
  insertConnection,
  listConnections,
  lockConnection,
  updateConnection,
} from './connections.sql.ts';
import { demandRoles } from './demand-roles.ts';
import { takeRolesOf } from './joining.sql.ts';
import type { OidcClient } from './oidc-client.ts';
import { type AskedConnection, type Settled, settleConnection } from './settle-connection.ts';

export interface ConnectionRoutesOptions {
  readonly db: Db;
  readonly sealing: readonly [SealingKey, ...SealingKey[]];
  readonly egress: PublicEgress;
  readonly client: OidcClient;
  /** The address under which browsers know this server. */
  readonly publicUrl: string | null;
}

type AskedRoles = readonly { group: string; role: string; project?: string }[] | undefined;

export function connectionRoutes(of: ConnectionRoutesOptions): Route[] {
  const { db, sealing, egress } = of;
  const settle = async (
    tx: Tx,
    orgId: OrganizationId,
    asked: {
      readonly before: OidcConnection | null;
      readonly body: AskedConnection & { readonly group_roles?: AskedRoles };
      readonly hasSecret: boolean;
    },
  ): Promise<Settled> => {
    const { group_roles: roles, ...body } = asked.body;
    const groupRoles = await findProjects(tx, orgId, roles);
    const settled = settleConnection(asked.before, { ...body, groupRoles }, asked.hasSecret);
    if (settled.kind === 'refused') {
      throw new Fault('request.invalid', 'the connection cannot work', { detail: settled.why });
    }
    const { issuer } = settled.connection;
    demandReachable(egress, issuer);
    return settled.connection;
  };

  return [
    implement(listSsoConnections, async ({ tx, orgId }) => ({
      connections: (await listConnections(tx, orgId)).map(toWire),
    })),

    implement(getSsoConnection, async ({ tx, orgId, params: { connection } }) =>
      toWire(found(await findConnection(tx, orgId, connection), missing(connection))),
    ),

    implement(createSsoConnection, async ({ tx, orgId, body, caller, audit }) => {
      const { client_secret: secret, ...rest } = body;
      const id = newId<string>();
      const hasSecret = typeof secret === 'string';
      const settled = await settle(tx, orgId, { before: null, body: rest, hasSecret });
      const connection = await insertConnection(tx, {
        ...settled,
        id,
        orgId,
        clientSecret: hasSecret ? seal(sealing[0], secret, sealedContext(id)) : null,
        createdBy: nameActor(caller),
      });
      if (connection === null) throw taken(body.name);
      await registerCredential(tx, { hash: connectionKey(id), kind: CONNECTION_KIND, id, orgId });
      audit.about(`sso_connection:${id}`, summaryOf(connection));
      return toWire(connection);
    }),

    implement(updateSsoConnection, async ({ tx, orgId, params, body, audit }) => {
      const detail = missing(params.connection);
      const before = found(await lockConnection(tx, orgId, params.connection), detail);
      const { client_secret: secret, ...rest } = body;
      const kept = secret === undefined ? before.clientSecret : null;
      const hasSecret = kept !== null || typeof secret === 'string';
      const settled = await settle(tx, orgId, { before, body: rest, hasSecret });
      // A secret is good at one provider: another one, named by whoever changes it, does not get it.
      if (kept !== null && new URL(before.issuer).origin !== new URL(settled.issuer).origin) {
        throw new Fault('request.invalid', 'the issuer changed and the secret did not', {
          detail:
            'Give the secret again with another issuer: the one that is kept is for the one before.',
        });
      }
      const connection = await updateConnection(tx, {
        ...before,
        ...settled,
        clientSecret:
          typeof secret === 'string' ? seal(sealing[0], secret, sealedContext(before.id)) : kept,
      });
      if (connection === null) throw taken(settled.name);
      audit.about(`sso_connection:${before.id}`, {
        ...summaryOf(connection),
        changed: Object.keys(body).toSorted().join(' '),
      });
      return toWire(connection);
    }),

    implement(deleteSsoConnection, async ({ tx, orgId, params, audit }) => {
      const detail = missing(params.connection);
      const { id, name } = found(await lockConnection(tx, orgId, params.connection), detail);
      await takeRolesOf(tx, { orgId, connectionId: id }); // O2
      await deleteConnection(tx, { orgId, id });
      await dropCredential(tx, { kind: CONNECTION_KIND, id });
      audit.about(`sso_connection:${id}`, { name });
      return { id, deleted: true as const };
    }),

    implementOwn(testSsoConnection, async ({ params, caller, request }) => {
      const { orgId } = caller;
      if (orgId === null) throw new Fault('organization.required', 'no organization');
      // No connection of the database waits for the provider.
      const connection = found(
        await inTenant(db, [orgId], (tx) => findConnection(tx, orgId, params.connection)),
        missing(params.connection),
      );
      const { id, issuer } = connection;
      const clientSecret = openSecret(sealing, id, connection.clientSecret);
      const provider = await of.client.describe({ ...connection, clientSecret });
      await inTenant(db, [orgId], (tx) =>
        appendAudit(tx, {
          orgId,
          actor: nameActor(caller),
          action: testSsoConnection.id,
          subject: `sso_connection:${id}`,
          outcome: 'ok',
          requestId: request.id,
          details: { issuer },
        }),
      );
      return {
        issuer: provider.issuer,
        redirect_uri: `${of.publicUrl ?? ''}${callbackPath(id)}`,
        authorization_endpoint: provider.authorizationEndpoint,
        token_endpoint: provider.tokenEndpoint,
        jwks_uri: provider.jwksUri,
        end_session_endpoint: provider.endSessionEndpoint,
        signing_algorithms: [...provider.signingAlgorithms],
        problems: findProblems(connection, provider.signingAlgorithms, of.publicUrl),
      };
    }),
  ];
}

export const startPath = (id: string): string => `/auth/oidc/${id}/start`;
export const callbackPath = (id: string): string => `/auth/oidc/${id}/callback`;

function findProblems(
  { emailDomains, provisioning, enabled }: OidcConnection,
  algorithms: readonly string[],
  publicUrl: string | null,
): string[] {
  const problems: string[] = [];
  if (!enabled) problems.push('The connection is not enabled.');
  if (publicUrl === null) {
    problems.push('PUBLIC_URL is not set: the redirect URI follows the address that browsers use.');
  }
  if (emailDomains.length === 0 && provisioning === 'first_sign_in') {
    problems.push('No e-mail domain is allowed: no account can be made or found by its address.');
  }
  if (algorithms.length > 0 && !algorithms.some((each) => /^(?:RS|PS|ES|Ed)/.test(each))) {
    problems.push('The provider signs ID tokens with no algorithm that is accepted.');
  }
  return problems;
}

async function findProjects(
  tx: Tx,
  orgId: OrganizationId,
  roles: AskedRoles,
): Promise<readonly GroupRole[] | undefined> {
  if (roles === undefined) return undefined;
  await demandRoles(
    tx,
    orgId,
    roles.map(({ role }) => role),
  );
  const resolved: GroupRole[] = [];
  for (const { group, role, project } of roles) {
    const projectId =
      project === undefined ? null : await resolveProject(tx, { orgId, named: project });
    resolved.push({ group, role, projectId });
  }
  return resolved;
}

/** What can be known without a look-up; the rest is refused when the provider is called. */
function demandReachable(egress: PublicEgress, issuer: string): void {
  const { hostname, port, protocol } = new URL(issuer);
  egress.check(hostname, Number(port) || (protocol === 'https:' ? 443 : 80));
  if (protocol === 'http:' && !egress.isNamed(issuer)) {
    throw new Fault('egress.refused', `${issuer} is plain HTTP`, {
      detail: `${issuer} may not be called: plain HTTP is for hosts inside that the operator has named.`,
    });
  }
}

const summaryOf = (connection: OidcConnection) => ({
  name: connection.name,
  issuer: connection.issuer,
  client_id: connection.clientId,
  enforced: connection.enforced,
  enabled: connection.enabled,
  provisioning: connection.provisioning,
  group_roles: connection.groupRoles.length,
});

const missing = (named: string): string => `There is no connection ${named}.`;
const taken = (name: string): Fault =>
  new Fault('resource.exists', 'the name of a connection is taken', {
    detail: `There is a connection ${name} already.`,
  });

function toWire(connection: OidcConnection): OutputOf<typeof getSsoConnection> {
  const { claims } = connection;
  return {
    id: connection.id,
    name: connection.name,
    issuer: connection.issuer,
    client_id: connection.clientId,
    has_client_secret: connection.clientSecret !== null,
    client_authentication: connection.clientAuthentication,
    scopes: [...connection.scopes],
    email_domains: [...connection.emailDomains],
    claims: {
      email: claims.email,
      email_verified: claims.emailVerified,
      name: claims.name,
      groups: claims.groups,
      external_id: claims.externalId,
    },
    group_roles: connection.groupRoles.map(({ group, role, projectId }) => ({
      group,
      role,
      project_id: projectId,
    })),
    provisioning: connection.provisioning,
    enforced: connection.enforced,
    enabled: connection.enabled,
    start_path: startPath(connection.id),
    created_by: connection.createdBy,
    created_at: connection.createdAt.toISOString(),
    changed_at: connection.changedAt.toISOString(),
  };
}
