import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import {
  assertion,
  challenge,
  deliver,
  email,
  organizationName,
  passkeyOptions,
  password,
  signedIn,
} from './sign-in-schemas.ts';

const secondFactor = Type.Object({
  kind: Type.Literal('second_factor'),
  /** Goes back with the code, within minutes. */
  challenge: Type.String(),
  factors: Type.Array(Type.Union([Type.Literal('totp'), Type.Literal('recovery_code')])),
});

export const signIn = endpoint({
  id: 'identity.signIn',
  method: 'POST',
  path: '/api/v1/sign-in',
  surface: 'own',
  summary: 'Sign in with an e-mail address and a password; the answer may ask for a second factor',
  permission: 'public',
  audit: 'record',
  body: Type.Object({ email, password, organization: organizationName, deliver }),
  output: Type.Union([signedIn, secondFactor]),
});

export const signInTotp = endpoint({
  id: 'identity.signInTotp',
  method: 'POST',
  path: '/api/v1/sign-in/totp',
  surface: 'own',
  summary: 'Finish signing in with the code of an authenticator app, or with a recovery code',
  permission: 'public',
  audit: 'record',
  body: Type.Object({ challenge, code: Type.String({ minLength: 6, maxLength: 40 }), deliver }),
  output: signedIn,
});

export const beginSignInPasskey = endpoint({
  id: 'identity.beginSignInPasskey',
  method: 'POST',
  path: '/api/v1/sign-in/passkey/options',
  surface: 'own',
  summary: 'Ask what a passkey has to sign',
  permission: 'public',
  audit: 'read',
  body: Type.Object({ organization: organizationName }),
  output: passkeyOptions,
});

export const signInPasskey = endpoint({
  id: 'identity.signInPasskey',
  method: 'POST',
  path: '/api/v1/sign-in/passkey',
  surface: 'own',
  summary: 'Sign in with a passkey, without a password',
  permission: 'public',
  audit: 'record',
  body: Type.Object({ challenge, credential: assertion, deliver }),
  output: signedIn,
});

export const SIGN_IN_ENDPOINTS = [signIn, signInTotp, beginSignInPasskey, signInPasskey] as const;
