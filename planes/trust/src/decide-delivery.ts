export type DeliveryEnd =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'failed' }
  /** Told by the receiver that there is nobody any more. */
  | { readonly kind: 'gone' };

/** What becomes of a delivery after its nth attempt. `status`: null when there was no answer. */
export function decideDelivery(
  { status, attempts }: { readonly status: number | null; readonly attempts: number },
  retryMs: readonly number[],
  random: number,
): DeliveryEnd {
  if (status !== null && status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const waitMs = retryMs[attempts - 1];
  if (waitMs === undefined) return { kind: 'failed' };
  return { kind: 'again', afterMs: Math.round(waitMs * (0.8 + 0.4 * random)) };
}
