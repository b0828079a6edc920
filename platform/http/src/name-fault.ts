import { Fault, type FaultOptions } from '@sagewai/fault';
import type { ProblemCode } from '@sagewai/wire';

interface Known extends FaultOptions {
  readonly code: ProblemCode;
}

/** The web framework's own refusals. */
const FRAMEWORK = table({
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'request.too_large' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'request.unsupported',
    detail: 'Send the body as application/json.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'request.malformed',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'request.invalid', detail: 'The path is not a valid URL path.' },
});

const AWAY: Known = { code: 'service.unavailable', retryAfterMs: 1000 };
const BUSY: Known = { code: 'service.busy', retryAfterMs: 1000 };

/** PostgreSQL's SQLSTATE and the system's error codes, where they are nobody's bug. */
const DATABASE = table({
  ECONNREFUSED: AWAY,
  ECONNRESET: AWAY,
  EPIPE: AWAY,
  ENOTFOUND: AWAY,
  EAI_AGAIN: AWAY,
  ETIMEDOUT: AWAY,
  EHOSTUNREACH: AWAY,
  '53300': AWAY, // too many connections
  '57P01': AWAY, // admin shutdown
  '57P02': AWAY, // crash shutdown
  '57P03': AWAY, // cannot connect now
  '57P05': AWAY, // idle session timeout
  '25006': AWAY, // read-only: a standby, or a primary that was just demoted
  '40001': BUSY, // serialization failure
  '40P01': BUSY, // deadlock
  '55P03': BUSY, // lock not available
  '57014': BUSY, // statement timeout
  '53100': BUSY, // disk full
  '53200': BUSY, // out of memory
  '22007': { code: 'request.invalid', detail: 'An instant is not one that can be kept.' },
  '22008': { code: 'request.invalid', detail: 'An instant is out of range.' },
  '22009': { code: 'request.invalid', detail: 'The offset of an instant is out of range.' },
  '22021': { code: 'request.invalid', detail: 'Text may not contain the character U+0000.' },
  '22P05': { code: 'request.invalid', detail: 'Text may not contain the character U+0000.' },
  '54001': { code: 'request.invalid', detail: 'The JSON is nested too deeply.' },
});

const HALF_A_CHARACTER: Known = {
  code: 'request.invalid',
  detail: 'Text may not contain half of a character (U+D800 to U+DFFF alone).',
};

/** What the driver says when a connection ends under a statement, or the pool has none left. */
const DRIVER: readonly (readonly [RegExp, Known])[] = [
  [/^Connection terminated|^Client has encountered a connection error/, AWAY],
  [/^Query read timeout/, AWAY],
  // Of a process that ends, for whom it did not wait any longer.
  [/^Cannot use a pool after calling end/, AWAY],
  [/^timeout (exceeded|expired) when trying to connect/, BUSY],
];

/**
 * Names what was thrown. What is no fault, no refusal of the framework and no absence of the database
 * is a bug of ours: `service.broken`, with the thing itself as the cause for the log (H6).
 */
export function nameFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const known = thrown instanceof Error ? recognise(thrown) : undefined;
  if (known === undefined)
    return new Fault('service.broken', 'unexpected error', { cause: thrown });
  const { code, ...options } = known;
  return new Fault(code, 'recognised by its error code', { ...options, cause: thrown });
}

type Failure = Error & { code?: unknown; syscall?: unknown; routine?: unknown };

function recognise(error: Failure): Known | undefined {
  const code = typeof error.code === 'string' ? error.code : '';
  // A socket's file is gone with its server; any other missing file is our bug.
  if (code === 'ENOENT') return error.syscall === 'connect' ? AWAY : undefined;
  // What we send is JSON: all that the database's reader of it refuses is half of a surrogate pair.
  if (code === '22P02' && String(error.routine).startsWith('json_')) return HALF_A_CHARACTER;
  const byCode =
    FRAMEWORK.get(code) ?? DATABASE.get(code) ?? (/^08...$/.test(code) ? AWAY : undefined);
  return byCode ?? DRIVER.find(([pattern]) => pattern.test(error.message))?.[1];
}

/** Not looked up in the object itself: a code may be any text, `toString` too. */
function table(entries: Readonly<Record<string, Known>>): ReadonlyMap<string, Known> {
  return new Map(Object.entries(entries));
}
