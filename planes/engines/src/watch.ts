/**
 * Tells for how long somebody has looked without a break. After one (the database was away, another server led) nobody
 * knows who was silent by his own fault: whoever judges waits until all have had the time to be seen again.
 */
export function createWatch(breakMs: number): (now: Date) => number {
  let since = 0;
  let last = Number.NEGATIVE_INFINITY;
  return (now) => {
    const at = now.getTime();
    if (at - last > breakMs) since = at;
    last = at;
    return at - since;
  };
}
