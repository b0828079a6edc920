import type { AccountId } from '@sagewai/wire';

/** Where an account is looked after: here, by a provider of identities, or by a directory. */
export type AccountSource = 'local' | 'oidc' | 'scim';

/** One human in one organization. */
export interface Account {
  readonly id: AccountId;
  /** Lower-case. */
  readonly email: string;
  readonly name: string;
  readonly source: AccountSource;
  /** What the source calls it; null for a local one. */
  readonly externalId: string | null;
  readonly active: boolean;
  readonly createdAt: Date;
  readonly lastLoginAt: Date | null;
  readonly deactivatedAt: Date | null;
}

/** Addresses are kept and compared like this. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
