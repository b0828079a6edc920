import { Fault } from '@sagewai/fault';

/**
 * What was submitted knows its place among the others of one submission. Its caller sent a body in which it
 * stands elsewhere: alone (`''`), or in a list of a name (`/runs`). Mistakes are named as the caller sent them.
 */
export async function placeMistakes<Result>(
  list: '' | '/runs' | '/tasks',
  submitted: Promise<Result>,
): Promise<Result> {
  try {
    return await submitted;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.mistakes.length === 0) throw thrown;
    const { code, message, detail, retryAfterMs } = thrown;
    throw new Fault(code, message, {
      detail,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      cause: thrown.cause,
      mistakes: thrown.mistakes.map((mistake) => ({
        ...mistake,
        path: mistake.path.replace(/^\/\d+(?=\/)/, (place) => (list === '' ? '' : list + place)),
      })),
    });
  }
}
