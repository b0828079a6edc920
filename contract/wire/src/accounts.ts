import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, textOrNull } from './schemas.ts';
import {
  account,
  email,
  ended,
  organizationName,
  password,
  personName,
  secretToken,
  sessions,
} from './sign-in-schemas.ts';

const ofAccount = Type.Object({ account_id: id });
/** Left out: by e-mail, where the server sends any. Then nobody but its receiver sees the link. */
const byMail = Type.Optional(Type.Boolean());

export const listAccountSessions = endpoint({
  id: 'identity.listAccountSessions',
  method: 'GET',
  path: '/api/v1/accounts/{account_id}/sessions',
  surface: 'own',
  summary: 'List the sessions of an account',
  permission: 'account:read',
  audit: 'read',
  params: ofAccount,
  output: sessions,
});

export const endAccountSessions = endpoint({
  id: 'identity.endAccountSessions',
  method: 'POST',
  path: '/api/v1/accounts/{account_id}/sessions/end',
  surface: 'own',
  summary: 'End all sessions of an account',
  permission: 'account:write',
  audit: 'record',
  params: ofAccount,
  output: ended,
});

export const removeSecondFactors = endpoint({
  id: 'identity.removeSecondFactors',
  method: 'POST',
  path: '/api/v1/accounts/{account_id}/second-factors/remove',
  surface: 'own',
  summary: 'Remove the app, codes and passkeys of an account that has lost them; its sessions end',
  permission: 'account:write',
  audit: 'record',
  fresh: true,
  params: ofAccount,
  output: account,
});

const link = Type.Object({
  /** Shown once; null when it was sent by mail and to nobody else. */
  token: textOrNull,
  url: textOrNull,
});

export const createPasswordReset = endpoint({
  id: 'identity.createPasswordReset',
  method: 'POST',
  path: '/api/v1/accounts/{account_id}/password-reset',
  surface: 'own',
  summary: 'Make a link with which an account’s password is set anew, once',
  permission: 'account:write',
  audit: 'record',
  fresh: true,
  params: ofAccount,
  body: Type.Optional(Type.Object({ by_mail: byMail })),
  output: Type.Object({ ...link.properties, expires_at: instant }),
  status: 201,
});

export const resetPassword = endpoint({
  id: 'identity.resetPassword',
  method: 'POST',
  path: '/api/v1/password-reset',
  surface: 'own',
  summary: 'Set a password anew with a link; all sessions of the account end',
  permission: 'public',
  audit: 'record',
  body: Type.Object({ token: secretToken, password }),
  output: Type.Object({ account_id: id }),
});

export const requestPasswordReset = endpoint({
  id: 'identity.requestPasswordReset',
  method: 'POST',
  path: '/api/v1/password-reset/request',
  surface: 'own',
  summary:
    'Have a link to set a password anew sent to an account’s address; nobody is told whether there is one',
  permission: 'public',
  audit: 'record',
  body: Type.Object({ email, organization: organizationName }),
  output: Type.Object({ status: Type.Literal('accepted') }),
  status: 202,
});

const invitation = Type.Object({
  id,
  email: Type.String(),
  role: Type.String(),
  project_id: idOrNull,
  state: Type.Union([
    Type.Literal('open'),
    Type.Literal('accepted'),
    Type.Literal('revoked'),
    Type.Literal('expired'),
  ]),
  created_by: Type.String(),
  created_at: instant,
  expires_at: instant,
});

export const createInvitation = endpoint({
  id: 'identity.createInvitation',
  method: 'POST',
  path: '/api/v1/invitations',
  surface: 'own',
  summary: 'Invite somebody by e-mail address, with a role',
  permission: 'account:write',
  audit: 'record',
  fresh: true,
  body: Type.Object({
    email,
    role: Type.String({ minLength: 1, maxLength: 100 }),
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    by_mail: byMail,
  }),
  output: Type.Object({ ...invitation.properties, ...link.properties }),
  status: 201,
});

export const listInvitations = endpoint({
  id: 'identity.listInvitations',
  method: 'GET',
  path: '/api/v1/invitations',
  surface: 'own',
  summary: 'List the last 200 invitations',
  permission: 'account:read',
  audit: 'read',
  output: Type.Object({ invitations: Type.Array(invitation) }),
});

export const revokeInvitation = endpoint({
  id: 'identity.revokeInvitation',
  method: 'POST',
  path: '/api/v1/invitations/{invitation_id}/revoke',
  surface: 'own',
  summary: 'Revoke an invitation that was not accepted',
  permission: 'account:write',
  audit: 'record',
  params: Type.Object({ invitation_id: id }),
  output: invitation,
});

export const acceptInvitation = endpoint({
  id: 'identity.acceptInvitation',
  method: 'POST',
  path: '/api/v1/invitations/accept',
  surface: 'own',
  summary: 'Accept an invitation: makes the account, once',
  permission: 'public',
  audit: 'record',
  body: Type.Object({ token: secretToken, name: personName, password }),
  output: account,
  status: 201,
});

export const setUp = endpoint({
  id: 'identity.setUp',
  method: 'POST',
  path: '/api/v1/setup',
  surface: 'own',
  summary: 'Make the first owner’s account with the setup token of the first start; works once',
  permission: 'public',
  audit: 'record',
  body: Type.Object({
    token: secretToken,
    organization: organizationName,
    email,
    name: personName,
    password,
  }),
  output: account,
  status: 201,
});

export const ACCOUNT_ENDPOINTS = [
  listAccountSessions,
  endAccountSessions,
  removeSecondFactors,
  createPasswordReset,
  resetPassword,
  requestPasswordReset,
  createInvitation,
  listInvitations,
  revokeInvitation,
  acceptInvitation,
  setUp,
] as const;
