import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull } from './schemas.ts';
import {
  account,
  assertion,
  attestation,
  challenge,
  deliver,
  ended,
  passkeyOptions,
  password,
  personName,
  sessions,
  signedIn,
} from './sign-in-schemas.ts';

export const signOut = endpoint({
  id: 'identity.signOut',
  method: 'POST',
  path: '/api/v1/sign-out',
  surface: 'own',
  summary: 'End this session: within a second no server knows it',
  permission: 'account:self',
  audit: 'record',
  output: Type.Object({ session_id: id }),
});

export const reauthenticate = endpoint({
  id: 'identity.reauthenticate',
  method: 'POST',
  path: '/api/v1/account/reauthenticate',
  surface: 'own',
  summary: 'Prove again who is there, before what asks for it; the session gets a new value',
  permission: 'account:self',
  audit: 'record',
  body: Type.Object({
    password: Type.Optional(password),
    code: Type.Optional(Type.String({ minLength: 6, maxLength: 40 })),
    passkey: Type.Optional(Type.Object({ challenge, credential: assertion })),
    deliver,
  }),
  output: signedIn,
});

export const listOwnSessions = endpoint({
  id: 'identity.listOwnSessions',
  method: 'GET',
  path: '/api/v1/account/sessions',
  surface: 'own',
  summary: 'List one’s own sessions',
  permission: 'account:self',
  audit: 'read',
  output: sessions,
});

export const endOwnSession = endpoint({
  id: 'identity.endOwnSession',
  method: 'POST',
  path: '/api/v1/account/sessions/{session_id}/end',
  surface: 'own',
  summary: 'End one of one’s own sessions',
  permission: 'account:self',
  audit: 'record',
  params: Type.Object({ session_id: id }),
  output: ended,
});

const passkey = Type.Object({
  id,
  name: Type.String(),
  is_backed_up: Type.Boolean(),
  created_at: instant,
  last_used_at: instantOrNull,
});

export const getOwnAccount = endpoint({
  id: 'identity.getOwnAccount',
  method: 'GET',
  path: '/api/v1/account',
  surface: 'own',
  summary: 'Read one’s own account, and how one may sign in',
  permission: 'account:self',
  audit: 'read',
  output: Type.Object({
    ...account.properties,
    password_changed_at: instantOrNull,
    has_totp: Type.Boolean(),
    recovery_codes_left: Type.Integer(),
    passkeys: Type.Array(passkey),
  }),
});

export const changePassword = endpoint({
  id: 'identity.changePassword',
  method: 'PUT',
  path: '/api/v1/account/password',
  surface: 'own',
  summary: 'Change one’s own password; all other sessions end',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  body: Type.Object({ password, deliver }),
  output: signedIn,
});

export const beginTotp = endpoint({
  id: 'identity.beginTotp',
  method: 'POST',
  path: '/api/v1/account/totp',
  surface: 'own',
  summary: 'Get the secret for an authenticator app; it counts once a code of it was shown',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  output: Type.Object({ secret: Type.String(), uri: Type.String() }),
});

const recoveryCodes = Type.Object({ recovery_codes: Type.Array(Type.String()) });

export const confirmTotp = endpoint({
  id: 'identity.confirmTotp',
  method: 'POST',
  path: '/api/v1/account/totp/confirm',
  surface: 'own',
  summary: 'Turn on the authenticator app with a first code; answers the recovery codes, this once',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  body: Type.Object({ code: Type.String({ minLength: 6, maxLength: 6 }) }),
  output: recoveryCodes,
});

export const removeTotp = endpoint({
  id: 'identity.removeTotp',
  method: 'DELETE',
  path: '/api/v1/account/totp',
  surface: 'own',
  summary: 'Turn off the authenticator app and its recovery codes',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  output: Type.Object({ removed: Type.Boolean() }),
});

export const renewRecoveryCodes = endpoint({
  id: 'identity.renewRecoveryCodes',
  method: 'POST',
  path: '/api/v1/account/recovery-codes',
  surface: 'own',
  summary: 'Replace the recovery codes; the former ones are good no longer',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  output: recoveryCodes,
});

export const beginPasskey = endpoint({
  id: 'identity.beginPasskey',
  method: 'POST',
  path: '/api/v1/account/passkeys/options',
  surface: 'own',
  summary: 'Ask what is needed to make a passkey',
  permission: 'account:self',
  audit: 'read',
  fresh: true,
  output: passkeyOptions,
});

export const addPasskey = endpoint({
  id: 'identity.addPasskey',
  method: 'POST',
  path: '/api/v1/account/passkeys',
  surface: 'own',
  summary: 'Add a passkey',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  body: Type.Object({ challenge, name: personName, credential: attestation }),
  output: passkey,
  status: 201,
});

export const removePasskey = endpoint({
  id: 'identity.removePasskey',
  method: 'DELETE',
  path: '/api/v1/account/passkeys/{passkey_id}',
  surface: 'own',
  summary: 'Remove a passkey',
  permission: 'account:self',
  audit: 'record',
  fresh: true,
  params: Type.Object({ passkey_id: id }),
  output: passkey,
});

export const OWN_ACCOUNT_ENDPOINTS = [
  signOut,
  reauthenticate,
  listOwnSessions,
  endOwnSession,
  getOwnAccount,
  changePassword,
  beginTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  beginPasskey,
  addPasskey,
  removePasskey,
] as const;
