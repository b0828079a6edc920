/** What the endpoints of accounts and of signing in have in common. */
import { Type } from 'typebox';

import { NAME_PATTERN } from './identity.ts';
import { id, instant, instantOrNull, textOrNull } from './schemas.ts';

export const email = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^[^\\s@<>,;]+@[^\\s@<>,;]+$',
  description: 'an e-mail address',
});
/** What may be chosen is decided by the server; this keeps a body small. */
export const password = Type.String({ minLength: 1, maxLength: 1024 });
export const personName = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
export const organizationName = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));
export const secretToken = Type.String({ minLength: 1, maxLength: 200 });
export const challenge = Type.String({ minLength: 1, maxLength: 1000 });

/** How the session's value is handed over: a browser never sees its cookie, a program has no jar. */
export const deliver = Type.Optional(Type.Union([Type.Literal('cookie'), Type.Literal('body')]));

export const signedIn = Type.Object({
  kind: Type.Literal('signed_in'),
  session_id: id,
  account_id: id,
  organization_id: id,
  expires_at: instant,
  /** Only with `deliver: "body"`: sent as a bearer token. */
  session: textOrNull,
});

/** As `PublicKeyCredential.toJSON()` writes it; what is not named here is not looked at. */
export const passkeyResponse = Type.Object(
  { clientDataJSON: Type.String({ maxLength: 10_000 }) },
  { additionalProperties: true },
);
export const assertion = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 1400 }),
    response: Type.Object(
      {
        ...passkeyResponse.properties,
        authenticatorData: Type.String({ maxLength: 10_000 }),
        signature: Type.String({ maxLength: 2_000 }),
      },
      { additionalProperties: true },
    ),
  },
  { additionalProperties: true },
);
export const attestation = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 1400 }),
    response: Type.Object(
      { ...passkeyResponse.properties, attestationObject: Type.String({ maxLength: 20_000 }) },
      { additionalProperties: true },
    ),
  },
  { additionalProperties: true },
);

export const passkeyOptions = Type.Object({
  /** Goes back with the credential. */
  challenge,
  /** For `navigator.credentials`, through `parse…OptionsFromJSON`. */
  public_key: Type.Record(Type.String(), Type.Unknown()),
});

export const loginSession = Type.Object({
  id,
  account_id: id,
  method: Type.String(),
  created_at: instant,
  /** To the minute. */
  last_seen_at: instant,
  expires_at: instant,
  address: Type.String(),
  user_agent: Type.String(),
  is_current: Type.Boolean(),
});
export const sessions = Type.Object({ sessions: Type.Array(loginSession) });
export const ended = Type.Object({ ended: Type.Integer() });

export const account = Type.Object({
  id,
  email: Type.String(),
  name: Type.String(),
  source: Type.String(),
  active: Type.Boolean(),
  created_at: instant,
  last_login_at: instantOrNull,
});
