import { refused, type Refused } from './filter.ts';
import { asList, isObject, type Json } from './match-filter.ts';

/** A user as it is stored: what an account is here, and the rest as it was sent. */
export interface StoredUser {
  readonly userName: string;
  /** Lower case. */
  readonly email: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly active: boolean;
  readonly attributes: Json;
}

export type SettledUser = { readonly kind: 'user'; readonly user: StoredUser } | Refused;

const EMAIL = /^[^\s@"<>()\p{Cc}]{1,64}@[^\s@"<>()\p{Cc}]{1,189}$/u;
const NAME_LENGTH_MAX = 100;

/** What a resource, in the spelling of its schema, means for the account; `known` is its address so far. */
export function settleUser(resource: Json, known: string | null = null): SettledUser {
  const { userName, active, externalId, groups: _, id: __, meta: ___, ...attributes } = resource;
  if (typeof userName !== 'string' || userName.trim() === '') {
    return refused('invalidValue', 'userName is required.');
  }
  const email = emailOf(attributes, userName.trim()) ?? known;
  if (email === null) {
    return refused(
      'invalidValue',
      'A user needs an e-mail address: one of emails, or a userName that is one.',
    );
  }
  return {
    kind: 'user',
    user: {
      userName: userName.trim(),
      email: email.toLowerCase(),
      name: nameOf(attributes, userName),
      externalId: typeof externalId === 'string' && externalId !== '' ? externalId : null,
      active: active !== false,
      attributes,
    },
  };
}

/** The primary address, else that of work, else the first, else the userName when it is one. */
function emailOf(attributes: Json, userName: string): string | null {
  const emails = asList(attributes['emails']).filter(isObject);
  const chosen =
    emails.find((each) => each['primary'] === true) ??
    emails.find((each) => each['type'] === 'work') ??
    emails[0];
  const found = [chosen?.['value'], userName].find(
    (each): each is string => typeof each === 'string' && EMAIL.test(each.trim()),
  );
  return found?.trim() ?? null;
}

function nameOf(attributes: Json, userName: string): string {
  const name = isObject(attributes['name']) ? attributes['name'] : {};
  const parts = [name['givenName'], name['familyName']].filter(
    (each): each is string => typeof each === 'string' && each.trim() !== '',
  );
  const candidates = [attributes['displayName'], name['formatted'], parts.join(' '), userName];
  const chosen = candidates.find(
    (each): each is string => typeof each === 'string' && printable(each) !== '',
  );
  return printable(chosen ?? userName);
}

/** Names are short and printable. */
export const printable = (text: string, lengthMax: number = NAME_LENGTH_MAX): string =>
  text
    .replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .trim()
    .slice(0, lengthMax)
    .trim();
