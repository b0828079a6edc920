import type { OrganizationId, ProjectId } from '@sagewai/wire';

export interface ReferenceOwner {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

/**
 * Where credentials stand that are stored as a reference: the reference is what is sealed in the database, and the
 * value is in memory alone (M6).
 */
export interface StoredReferences {
  /** `refused`: a reference that is not for whom it is of; null: what is of the whole platform. */
  judge(text: string, of: ReferenceOwner | null): 'value' | 'allowed' | 'refused';
  /** What a reference stands for, from memory for as long as that lives. */
  resolve(reference: string): Promise<string>;
  /** Whether something that is in use should be read again. */
  isDue(): boolean;
}

/** Where nothing resolves references, every text is a value. */
export const VALUES_ONLY: StoredReferences = {
  judge: () => 'value',
  resolve: (reference) => Promise.resolve(reference),
  isDue: () => false,
};

/** The value of a text that was stored. Throws where its reference is not for its owner, or cannot be read. */
export function valueOf(
  references: StoredReferences,
  text: string,
  of: ReferenceOwner | null,
): string | Promise<string> {
  const judged = references.judge(text, of);
  if (judged === 'value') return text;
  if (judged === 'allowed') return references.resolve(text);
  throw new Error('a reference that is stored is not allowed by STORED_SECRET_PREFIXES');
}

export const NOT_ALLOWED =
  'is a reference that may not be stored: STORED_SECRET_PREFIXES says which may';
