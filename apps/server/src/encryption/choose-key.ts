import type { KeyHolder, KnownKey } from './key-register.sql.ts';

export type KeyChoice =
  /** `how`: nobody sealed before, it is the same as before, it replaces another, or another has replaced it. */
  | {
      readonly kind: 'seal';
      readonly how: 'first' | 'same' | 'next' | 'kept';
      readonly with: string;
    }
  /** `why` is for the operator. */
  | { readonly kind: 'refused'; readonly why: string };

const ELSEWHERE = 'give every server the same value, or point this one to a database of its own';

/**
 * With which of its keys a server seals: the first of them, once every server that runs can open it (R4). One
 * that was replaced does not come back, so that a server that restarts in the middle of a roll-out seals as the
 * others do. A server that could not open what stands in the database does not start (I6).
 */
export function chooseKey(of: {
  /** Fingerprints: `SAGEWAI_ENCRYPTION_KEY` first. */
  readonly given: readonly [string, ...string[]];
  readonly known: readonly KnownKey[];
  readonly holders: readonly Pick<KeyHolder, 'host' | 'opening'>[];
}): KeyChoice {
  const [first] = of.given;
  const present = of.known.find(({ replacedAt }) => replacedAt === null);
  if (present === undefined) return { kind: 'seal', how: 'first', with: first };
  if (!of.given.includes(present.fingerprint)) {
    return refuse(
      `SAGEWAI_ENCRYPTION_KEY is not the one that this database was set up with: ${ELSEWHERE} (its ` +
        `fingerprint is ${present.fingerprint}). To replace a key, give the present one in SAGEWAI_ENCRYPTION_KEYS_OTHER.`,
    );
  }
  const missing = of.known.find(
    ({ fingerprint, emptiedAt }) => emptiedAt === null && !of.given.includes(fingerprint),
  );
  if (missing !== undefined) {
    return refuse(
      `rows may still stand under the former key with the fingerprint ${missing.fingerprint}: give it in ` +
        'SAGEWAI_ENCRYPTION_KEYS_OTHER until `sagewai encryption status` says that it is no longer needed',
    );
  }
  if (first === present.fingerprint) return { kind: 'seal', how: 'same', with: first };
  if (of.known.some(({ fingerprint }) => fingerprint === first)) {
    return { kind: 'seal', how: 'kept', with: present.fingerprint };
  }
  const stranded = of.holders.filter(({ opening }) => !opening.includes(first)); // R4
  if (stranded.length === 0) return { kind: 'seal', how: 'next', with: first };
  const hosts = [...new Set(stranded.map(({ host }) => host))].slice(0, 5).join(', ');
  return refuse(
    `SAGEWAI_ENCRYPTION_KEY is a new one, and servers that run cannot open what is sealed with it ` +
      `(${stranded.length}, on ${hosts}): first give it to all of them in SAGEWAI_ENCRYPTION_KEYS_OTHER`,
  );
}

const refuse = (why: string): KeyChoice => ({ kind: 'refused', why });
