const MINUTE_MS = 60_000;
const ADDRESSES_MAX = 10_000;

/**
 * How many sign-ins an address may begin in a minute: each is a row, and asks nobody who they are. Past so many
 * addresses, all of them begin anew.
 */
export function createStartAllowance(
  perMinute: number,
  monotonicMs: () => number,
): (address: string) => boolean {
  const begun = new Map<string, { sinceMs: number; count: number }>();
  return (address) => {
    const nowMs = monotonicMs();
    const known = begun.get(address);
    if (known === undefined || nowMs - known.sinceMs >= MINUTE_MS) {
      if (begun.size >= ADDRESSES_MAX) begun.clear();
      begun.set(address, { sinceMs: nowMs, count: 1 });
      return true;
    }
    known.count += 1;
    return known.count <= perMinute;
  };
}
