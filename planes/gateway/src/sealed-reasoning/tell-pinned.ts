import { Fault } from '@sagewai/fault';

/** Why a failure of one deployment is the answer though there are others. */
export function tellPinned(fault: Fault): Fault {
  const { code, message, retryAfterMs, cause } = fault;
  const detail =
    `${fault.detail ?? ''} What was thought before is sealed, and opens for the provider account that made it alone: ` +
    'no other is asked. Try again, or leave out the reasoning items.';
  return new Fault(code, message, {
    detail: detail.trim(),
    cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
