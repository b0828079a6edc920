import type { ClaimNames, Claims } from './connection.ts';

/** Who the provider says has signed in. */
export interface SignedIn {
  readonly subject: string;
  /** Lower case; null when the provider sends none. */
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  readonly name: string | null;
  readonly groups: readonly string[];
  readonly externalId: string | null;
  /** The provider's own session, by which it says later that it has ended. */
  readonly providerSession: string | null;
}

export type ReadClaims =
  | { readonly kind: 'signed_in'; readonly who: SignedIn }
  | { readonly kind: 'refused'; readonly why: string };

const GROUPS_MAX = 2_000;
const EMAIL = /^[^\s@"<>()\p{Cc}]{1,64}@[^\s@"<>()\p{Cc}]{1,189}$/u;

/** Reads what the ID token and the user info say, under the names that the connection gives. */
export function readClaims(claims: Claims, names: ClaimNames): ReadClaims {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) {
    return refused('the provider names no subject');
  }
  const groups = readGroups(claims, names.groups);
  if (typeof groups === 'string') return refused(groups);
  const email = text(valueAt(claims, names.email))?.toLowerCase() ?? null;
  const { sid } = claims;
  return {
    kind: 'signed_in',
    who: {
      subject: sub,
      email: email !== null && EMAIL.test(email) ? email : null,
      // Some providers write it as a text.
      isEmailVerified: [true, 'true'].includes(valueAt(claims, names.emailVerified) as boolean),
      name: nameOf(valueAt(claims, names.name)),
      groups,
      externalId: names.externalId === null ? null : text(valueAt(claims, names.externalId)),
      providerSession: text(sid),
    },
  };
}

/** A text: why they cannot be known. None at all is what a member of no group has. */
function readGroups(claims: Claims, name: string): readonly string[] | string {
  const value = valueAt(claims, name);
  const elsewhere = claims['_claim_names'];
  const isElsewhere =
    typeof elsewhere === 'object' && elsewhere !== null && name in elsewhere && value === undefined;
  if (isElsewhere || claims['hasgroups'] === true) {
    return 'the groups are too many to be in the token: have the provider send those of this application only';
  }
  const given = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  const groups = (given as readonly unknown[]).filter(
    (each): each is string => typeof each === 'string' && each !== '',
  );
  return groups.length > GROUPS_MAX ? `there are more than ${GROUPS_MAX} groups` : groups;
}

/** A claim by its name, else by a path of names: `realm_access.roles`. */
function valueAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Claims)[part];
  }
  return at;
}

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 255) : null;

/** As an account may be called. */
const nameOf = (value: unknown): string | null =>
  text(typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, ' ') : value)
    ?.slice(0, 100)
    .trim() ?? null;

const refused = (why: string): ReadClaims => ({ kind: 'refused', why });
