import type { Outcome } from '../outcome.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

const QUOTED_LENGTH_MAX = 500;
const RETRY_AFTER_S_MAX = 60;

/**
 * Said by whoever stands before the tool: it has passed the request on, and no answer came, or one that it could not
 * read. The tool may have done what it was asked for (A3).
 */
const ANSWERED_BY_ANOTHER: ReadonlyMap<number, 'cut' | 'late'> = new Map([
  [502, 'cut'],
  [504, 'late'],
  // As some of them say the same.
  [520, 'cut'],
  [524, 'late'],
]);

export const isOfAnother = (status: number): boolean => ANSWERED_BY_ANOTHER.has(status);

/** What an HTTP server's answer means for the call. */
export function judgeAnswer(answer: HttpAnswer): Outcome {
  const { status } = answer;
  if (status >= 200 && status < 300) return readBody(answer);
  const said = answer.body.toString('utf8').slice(0, QUOTED_LENGTH_MAX);
  const message =
    said === '' ? `the tool answered ${status}` : `the tool answered ${status}: ${said}`;
  if (status === 429) {
    const seconds = Number(answer.retryAfter);
    const wait =
      Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, RETRY_AFTER_S_MAX) : null;
    return {
      kind: 'failed',
      error: 'busy',
      message,
      ...(wait === null ? {} : { retryAfterMs: wait * 1_000 }),
    };
  }
  const lost = ANSWERED_BY_ANOTHER.get(status);
  if (lost !== undefined) return { kind: 'unknown', error: lost, message };
  // Nothing follows a redirection: where it leads nobody has allowed.
  return { kind: 'failed', error: status >= 500 ? 'broken' : 'refused', message };
}

function readBody({ contentType, body }: HttpAnswer): Outcome {
  if (body.length === 0) return { kind: 'completed', result: 'null' };
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return garbage('it is no text');
  }
  if (!isJson) return { kind: 'completed', result: JSON.stringify(text) };
  try {
    return { kind: 'completed', result: JSON.stringify(JSON.parse(text)) };
  } catch {
    return garbage('it says that it is JSON, and is none');
  }
}

const garbage = (why: string): Outcome => ({
  kind: 'failed',
  error: 'garbage',
  message: `the tool has answered, but what cannot be read: ${why}`,
});
