export type Shipment =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'failed'; readonly status: number | null; readonly error: string };

export type ShipmentEnd =
  | { readonly kind: 'acknowledged' }
  /** The receiver wants no more. */
  | { readonly kind: 'gone'; readonly error: string }
  | { readonly kind: 'again'; readonly error: string; readonly afterMs: number };

/** There is no last attempt: what is not acknowledged stays next. `random` is from 0 to 1. */
export function decideShipment(
  shipment: Shipment,
  failures: number,
  of: { readonly retryMs: number; readonly retryMaxMs: number; readonly random: number },
): ShipmentEnd {
  if (shipment.kind === 'acknowledged') return shipment;
  const { status, error } = shipment;
  if (status === 410) return { kind: 'gone', error };
  const waitMs = Math.min(of.retryMaxMs, of.retryMs * 2 ** Math.min(failures, 30));
  return { kind: 'again', error, afterMs: Math.round(waitMs * (0.8 + 0.4 * of.random)) };
}
