import type { Provisioning } from './connection.ts';
import type { SignedIn } from './read-claims.ts';

/** What is known of an account that may be meant. */
export interface Candidate {
  readonly id: string;
  readonly active: boolean;
  /** Whether somebody else of this connection signs in with it. */
  readonly isTaken: boolean;
}

export interface Candidates {
  /** Signed in by this subject before. */
  readonly bySubject: Candidate | null;
  /** Kept by SCIM under the id that the provider sends. */
  readonly byExternalId: Candidate | null;
  readonly byEmail: Candidate | null;
}

export type ChosenAccount =
  | { readonly kind: 'known'; readonly id: string }
  /** From now on, this subject is that account. */
  | { readonly kind: 'join'; readonly id: string; readonly by: 'external_id' | 'email' }
  | { readonly kind: 'provision'; readonly email: string }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * O1. An account is joined by (connection, subject). Before the first sign-in of a subject it may be found
 * by the id that SCIM keeps, or by an address that the provider has verified and may speak for; by an
 * address that is neither, nobody is let into an account.
 */
export function chooseAccount(
  who: SignedIn,
  { bySubject, byExternalId, byEmail }: Candidates,
  of: { readonly provisioning: Provisioning; readonly emailDomains: readonly string[] },
): ChosenAccount {
  if (bySubject !== null) return admit(bySubject, { kind: 'known', id: bySubject.id });
  if (byExternalId !== null && !byExternalId.isTaken) {
    return admit(byExternalId, { kind: 'join', id: byExternalId.id, by: 'external_id' });
  }
  if (who.email === null) return refused('the provider sends no e-mail address');
  if (!speaksFor(who.email, of.emailDomains)) {
    return refused('the address is of a domain that the connection does not allow');
  }
  if (byEmail !== null) {
    // O1
    if (!who.isEmailVerified) return refused('the provider has not verified the address');
    if (byEmail.isTaken) return refused('the account of this address is somebody else’s');
    return admit(byEmail, { kind: 'join', id: byEmail.id, by: 'email' });
  }
  if (of.provisioning === 'known_accounts') return refused('there is no account of this address');
  return { kind: 'provision', email: who.email };
}

function admit(candidate: Candidate, chosen: ChosenAccount): ChosenAccount {
  return candidate.active ? chosen : refused('the account is deactivated');
}

/** None named: the provider speaks for nobody's address. */
export function speaksFor(email: string, domains: readonly string[]): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
  return domains.some((each) => each.toLowerCase() === domain);
}

const refused = (why: string): ChosenAccount => ({ kind: 'refused', why });
