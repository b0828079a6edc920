import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const SANE = /^[\w.-]{1,128}$/;

/** Takes the caller's `x-request-id` when it is sane, else makes one: a random word and a counter. */
export function createRequestIds(): (headers: IncomingHttpHeaders) => string {
  const word = randomBytes(8).toString('hex');
  let count = 0;
  return (headers) => {
    const given = headers['x-request-id'];
    if (typeof given === 'string' && SANE.test(given)) return given;
    count += 1;
    return `${word}-${count.toString(36)}`;
  };
}
