import { nameFault } from '@sagewai/http';

/**
 * Whether the database has answered with a refusal of the statement, which has then changed nothing.
 * Anything else (no connection, a server that is going down) leaves open what has happened.
 */
export function isRefusedStatement(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  // SQLSTATE; the system's own codes are words (ECONNREFUSED).
  const isState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
  if (!isState) return !hasSystemCode(error) && nameFault(error).code === 'service.broken';
  return nameFault(error).code !== 'service.unavailable';
}

const hasSystemCode = (error: Error): boolean =>
  typeof (error as { code?: unknown }).code === 'string';

const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  '53300', // too many connections
  '57P03', // cannot connect now
]);

/** Whether a failed statement may have been carried out: it was sent, and the answer is missing. */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof Error) || isRefusedStatement(error)) return false;
  const { code } = error as { code?: unknown };
  return (
    !(typeof code === 'string' && NEVER_CONNECTED.has(code)) &&
    !error.message.endsWith('to connect')
  );
}
