import { Fault } from '@sagewai/fault';

const LENGTH_MAX = 255;

/** The header `Idempotency-Key`; null without one. */
export function readIdempotencyKey({
  headers,
}: {
  readonly headers: NodeJS.Dict<string | string[]>;
}): string | null {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') return null;
  if (key.length > LENGTH_MAX) {
    throw new Fault('request.invalid', 'the idempotency key is too long', {
      detail: `The header Idempotency-Key has more than ${LENGTH_MAX} characters.`,
    });
  }
  return key;
}
