import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, TokenId } from '@sagewai/wire';

import type { BreakGlassRequest, BreakGlassUses } from './break-glass/use-break-glass.ts';
import { findCredential } from './credentials.sql.ts';
import { DEFAULT_PROJECT } from './organization.ts';
import { findOrganizationId, listOrganizationIds, readOrganizations } from './organizations.sql.ts';
import { type PlatformToken, usePlatformToken } from './platform-tokens.sql.ts';
import { findProject } from './projects.sql.ts';
import type { Grants, Subject } from './roles/grants.ts';
import { nameSubject } from './roles/name-subject.ts';
import { readGrants } from './roles/read-grants.ts';
import { type AccessToken, TOKEN_KIND } from './token.ts';
import { useToken } from './tokens.sql.ts';

/** What a request says about itself: the hash of its token, and what it names by name or id. */
export interface Claim {
  readonly hash: Buffer;
  readonly organization: string | undefined;
  readonly project: string | undefined;
  readonly request: BreakGlassRequest;
}

/** What this plane knows about its callers beyond what the pipeline needs. */
export interface TokenDetail {
  readonly kind: 'access_token';
  /** The only project that the token is good for; null: every project. */
  readonly boundProjectId: ProjectId | null;
  /** What whom it stands for may do; absent: its scopes decide alone. */
  readonly grants?: Grants;
  /** Who it stands for. */
  readonly subject?: Subject;
  /** When it ends by itself; what is made with it ends no later (I12). */
  readonly expiresAt?: Date | null;
  /** Used up by the look-up: nobody else may have the answer. */
  readonly isSingleUse?: boolean;
  /** Every request by it is told of (G3). */
  readonly isBreakGlass?: boolean;
  /** By break-glass, or by what was made with it (G5). */
  readonly isEmergency?: boolean;
}

/**
 * Who has this token, and for which organization and project it speaks (I1). Null: nobody's.
 * What it names and may not reach is missing, not forbidden: whether it exists is nobody's business.
 */
export async function resolveCaller(
  db: Db,
  breakGlass: BreakGlassUses,
  claim: Claim,
): Promise<Caller | null> {
  const credential = await findCredential(db, { kind: TOKEN_KIND, hash: claim.hash });
  if (credential) {
    const { orgId, id } = credential;
    return inTenant(db, [orgId], (tx) => resolveToken(tx, { orgId, id: id as TokenId, claim }));
  }
  const administrator = await usePlatformToken(db, claim.hash);
  if (administrator) return resolveAdministrator(db, administrator, claim);
  const emergency = await breakGlass.find(claim.hash);
  if (!emergency) return null;
  const { expiresAt } = emergency; // G2
  const further = { expiresAt, isBreakGlass: true, isEmergency: true };
  const caller = await resolveAdministrator(db, emergency, claim, further).catch(
    async (error: unknown) => {
      await breakGlass.refuse(emergency, claim.request); // G6
      throw error;
    },
  );
  if (!(await breakGlass.take(emergency, claim.request))) return null;
  await breakGlass.tell(emergency, caller.orgId, claim.request);
  return caller;
}

async function resolveToken(
  tx: Tx,
  { orgId, id, claim }: { orgId: OrganizationId; id: TokenId; claim: Claim },
): Promise<Caller> {
  const token = await useToken(tx, id);
  if (!token) {
    throw new Fault('caller.unknown', `access token ${id} is revoked or has expired`, {
      detail: 'The access token was revoked or has expired.',
    });
  }
  if (claim.organization !== undefined) await demandOwn(tx, orgId, claim.organization);
  const projectId = await resolveProject(tx, {
    orgId,
    named: claim.project ?? token.projectId ?? undefined,
  });
  if (token.projectId !== null && token.projectId !== projectId) throw missingProject();
  const subject = subjectOf(token);
  const detail: TokenDetail = {
    kind: 'access_token',
    boundProjectId: token.projectId,
    expiresAt: token.expiresAt,
    isSingleUse: token.singleUse,
    isEmergency: token.isEmergency,
    ...(subject && { subject, grants: await readGrants(tx, { orgId, projectId, subject }) }),
  };
  const scopes = new Set(token.scopes);
  const name = subject ? `${token.name} (${await nameSubject(tx, orgId, subject)})` : token.name;
  return { kind: 'token', id: token.id, name, orgId, projectId, scopes, detail };
}

/** Whom the token stands for (I12). */
function subjectOf({ accountId, serviceAccountId }: AccessToken): Subject | null {
  if (accountId !== null) return { kind: 'account', id: accountId };
  return serviceAccountId === null ? null : { kind: 'service_account', id: serviceAccountId };
}

async function resolveAdministrator(
  db: Db,
  { id, name }: PlatformToken,
  claim: Claim,
  further: Pick<TokenDetail, 'expiresAt' | 'isBreakGlass' | 'isEmergency'> = {},
): Promise<Caller> {
  const orgId = await chooseOrganization(db, claim.organization);
  const projectId =
    orgId === null
      ? null
      : await inTenant(db, [orgId], (tx) => resolveProject(tx, { orgId, named: claim.project }));
  const detail: TokenDetail = { kind: 'access_token', boundProjectId: null, ...further };
  return { kind: 'token', id, name, orgId, projectId, scopes: new Set(['platform']), detail };
}

/** The one that is named, else the only one there is, else none. */
async function chooseOrganization(
  db: Db,
  named: string | undefined,
): Promise<OrganizationId | null> {
  if (named !== undefined) {
    const found = await findOrganizationId(db, named);
    if (found === null) throw missingOrganization();
    return found;
  }
  const [only, another] = await listOrganizationIds(db, { limit: 2 });
  return only !== undefined && another === undefined ? only : null;
}

/** A token that names an organization must mean its own: else it would act on another than it thinks. */
export async function demandOwn(tx: Tx, orgId: OrganizationId, named: string): Promise<void> {
  const [own] = await readOrganizations(tx);
  const wanted = named.toLowerCase();
  if (wanted !== orgId && wanted !== own?.name.toLowerCase()) throw missingOrganization();
}

/** The project that is named, by name or id, else `default`. Throws `project.missing`. */
export async function resolveProject(
  tx: Tx,
  { orgId, named }: { readonly orgId: OrganizationId; readonly named: string | undefined },
): Promise<ProjectId> {
  const project = await findProject(tx, orgId, named ?? DEFAULT_PROJECT);
  if (!project) throw missingProject();
  return project.id;
}

const missingProject = (): Fault =>
  new Fault('project.missing', 'the named project is not within reach of the caller');

const missingOrganization = (): Fault =>
  new Fault('organization.missing', 'the named organization is not within reach of the caller');
