import { allowsAddress } from './allows-address.ts';

/** A key at the moment when somebody shows it. */
export interface KeyShown {
  readonly revokedAt: Date | null;
  readonly expired: boolean;
  readonly replaced: boolean;
  readonly maxUses: number | null;
  readonly currentUses: number;
  readonly allowedCidrs: readonly string[];
}

/** Why a key may not be used from this address; null: it may. */
export function judgeKeyUse(key: KeyShown, address: string): string | null {
  if (key.revokedAt !== null) return 'it was revoked';
  if (key.expired) return 'it has expired';
  if (key.replaced) return 'it was rotated, and the time of its old value is over';
  if (!allowsAddress(key.allowedCidrs, address)) return `it may not be used from ${address}`;
  if (key.maxUses !== null && key.currentUses >= key.maxUses) return 'it is used up';
  return null;
}
