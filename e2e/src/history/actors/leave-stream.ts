import { bearer } from '../../harness/api.ts';
import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';

export interface Key {
  readonly id: string;
  readonly key: string;
}

/** Fewer than an answer has. */
const WORDS_MAX = 4;
const TOKENS = 40;
const LATEST_MS = 15_000;

/**
 * Reads some words of a stream and goes away without its end: they have to be paid for (M3). Whether the key
 * still pays.
 */
export async function leaveStream(
  { journal, installation }: Arena,
  random: Random,
  { id, key }: Key,
): Promise<boolean> {
  const wanted = random.between(1, WORDS_MAX);
  const { url } = random.pick(installation.servers);
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    signal: AbortSignal.timeout(LATEST_MS),
    headers: { 'content-type': 'application/json', ...bearer(key) },
    body: JSON.stringify({
      model: 'slow',
      messages: [{ role: 'user', content: 'A long story.' }],
      max_tokens: TOKENS,
      stream: true,
    }),
  }).catch(() => null);
  if (answer === null) journal.count('answers missing');
  if (answer?.status === 429) journal.count('out of money');
  if (answer?.status !== 200) return answer?.status !== 429;
  const callId = answer.headers.get('x-litellm-call-id');
  if (callId === null) throw new Error('a stream without x-litellm-call-id');
  const words = await readWords(answer, wanted);
  if (words > 0) journal.record({ kind: 'left', callId, keyId: id, words });
  return true;
}

/** How many have come when there are as many as are wanted, or no more; then it leaves. */
async function readWords(answer: Response, wanted: number): Promise<number> {
  let text = '';
  let words = 0;
  const decoder = new TextDecoder();
  try {
    for await (const piece of answer.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      words = text.match(/"content":"word\d/g)?.length ?? 0;
      if (words >= wanted) break;
    }
  } catch {
    // Its server was killed: what had come counts all the same.
  }
  return words;
}
