import { Fault } from '@sagewai/fault';

/** One of several submissions came with a key that had been used otherwise. */
export function misused(at: number, of: number): Fault {
  const which = of === 1 ? '' : ` Submission ${at + 1} of ${of}; the others are stored.`;
  return new Fault('idempotency.conflict', 'an idempotency key came with another request', {
    detail: `The idempotency key was used for another request.${which}`,
  });
}

export function tooManyClasses(max: number, keysMax: number | null): Fault {
  const keys = keysMax === null ? '' : `, or the project ${keysMax} concurrency keys`;
  return new Fault('rate.exceeded', 'too many match classes or concurrency keys', {
    detail: `The organization has used ${max} combinations of pool, model and labels${keys}; use fewer.`,
  });
}
