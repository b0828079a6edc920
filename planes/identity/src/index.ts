export { type Account, type AccountSource, normalizeEmail } from './accounts/account.ts';
export {
  findAccount,
  findAccountByEmail,
  insertAccount,
  listAccounts,
  markLogin,
  setActive,
} from './accounts/accounts.sql.ts';
export { type BreakGlass, BREAK_GLASS_MS_MAX, isLive } from './break-glass/break-glass.ts';
export { endOfEmergency } from './break-glass/end-of-emergency.ts';
export { listBreakGlass } from './break-glass/break-glass.sql.ts';
export {
  endBreakGlass,
  makeBreakGlass,
  type MadeBreakGlass,
} from './break-glass/make-break-glass.ts';
export {
  createOrganizationIn,
  type EnsuredOrganization,
  ensureOrganization,
  type OrganizationCreation,
} from './create-organization.ts';
export {
  type Credential,
  dropCredential,
  findCredential,
  listHashes,
  registerCredential,
} from './credentials.sql.ts';
export {
  type Administrator,
  checkFingerprint,
  ensureAdministrator,
  findTokenWeakness,
} from './first-start.ts';
export { ensureProject, isProjectName } from './ensure-project.ts';
export { ensureSetupToken } from './invitations/setup-token.ts';
export { keepSecret, listKeptSecrets } from './kept-secrets.sql.ts';
export { chosenProject, namedProject } from './named-project.ts';
export { DEFAULT_PROJECT, isId, type Organization, type Project } from './organization.ts';
export { findOrganizationId, listOrganizationIds, readOrganizations } from './organizations.sql.ts';
export { findAnyProject, findProject } from './projects.sql.ts';
export { resolveProject } from './resolve-caller.ts';
export { type AccountDetail, actByGrants, type Grants, type Subject } from './roles/grants.ts';
export { readGrants } from './roles/read-grants.ts';
export { dropAssignment, insertAssignment } from './roles/role-assignments.sql.ts';
export { identityRoutes } from './routes.ts';
export { createScim } from './scim/create-scim.ts';
export {
  createLoginSession,
  type MadeLogin,
  type NewLogin,
} from './sessions/create-login-session.ts';
export { createSignIn, type SignIn, type SignInOptions } from './sign-in/create-sign-in.ts';
export type { SignInSettings } from './sign-in/sign-in.ts';
export { totpContext } from './sign-in/second-factor.ts';
export { sealedContext as connectionContext } from './sso/connection-key.ts';
export { idTokenContext } from './sso/finish-sign-in.ts';
export { createSso } from './sso/create-sso.ts';
export {
  isRunToken,
  type LeaseDetail,
  leaseOf,
  mintRunToken,
  type ReadRunToken,
  readRunToken,
  type RunClaims,
  runTokenKey,
} from './run-token.ts';
export { boundProject, createTokenReader, type TokenReader } from './token-reader.ts';
export { personBehind } from './tokens.sql.ts';
