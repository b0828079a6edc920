/** What an answer told so far, and what it took. */
export interface Answer {
  readonly text: string;
  readonly model: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly firstMs: number | null;
  readonly totalMs: number | null;
  readonly callId: string | null;
  readonly error: string | null;
}

export const NOTHING_YET: Answer = {
  text: '',
  model: null,
  inputTokens: null,
  outputTokens: null,
  firstMs: null,
  totalMs: null,
  callId: null,
  error: null,
};

interface Chunk {
  readonly model?: string;
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  readonly error?: { readonly message?: string };
}

/** The answer with one more event of its stream; `ms` since it was asked for. */
export function addEvent(answer: Answer, data: string, ms: number): Answer {
  if (data === '[DONE]') return { ...answer, totalMs: ms };
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error) return { ...answer, error: chunk.error.message ?? 'It failed.', totalMs: ms };
  const more = chunk.choices?.[0]?.delta?.content ?? '';
  return {
    ...answer,
    text: answer.text + more,
    model: chunk.model ?? answer.model,
    firstMs: answer.firstMs ?? (more === '' ? null : ms),
    inputTokens: chunk.usage?.prompt_tokens ?? answer.inputTokens,
    outputTokens: chunk.usage?.completion_tokens ?? answer.outputTokens,
  };
}

/** Events of a stream may be cut anywhere: those that are whole, and what is left of the last. */
export function splitEvents(buffered: string): {
  readonly events: readonly string[];
  readonly rest: string;
} {
  const parts = buffered.split(/\r?\n\r?\n/);
  const rest = parts.pop() ?? '';
  const events = parts.flatMap((part) =>
    part
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice('data:'.length).trim()),
  );
  return { events, rest };
}

export interface Question {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly system: string;
  readonly message: string;
  readonly maxTokens: number;
  readonly signal: AbortSignal;
}

const bodyOf = ({
  model,
  system,
  message,
  maxTokens,
}: Omit<Question, 'url' | 'key' | 'signal'>): object => ({
  model,
  max_tokens: maxTokens,
  stream: true,
  stream_options: { include_usage: true },
  messages: [
    ...(system === '' ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: message },
  ],
});

/** Asks a model as any client would, and tells each state of its answer. Never rejects. */
export async function streamAnswer(
  question: Question,
  tell: (answer: Answer) => void,
): Promise<void> {
  const { url, key, signal } = question;
  const startedAt = performance.now();
  const sinceStart = (): number => performance.now() - startedAt;
  let answer = NOTHING_YET;
  const say = (next: Answer): void => tell((answer = next));
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      // The key alone, as from any client: not also the session of whoever looks at the page.
      credentials: 'omit',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(question)),
      signal,
    });
    say({ ...answer, callId: response.headers.get('x-litellm-call-id') });
    if (!response.ok || response.body === null) {
      const refused = (await response.json()) as Chunk;
      say({
        ...answer,
        error: refused.error?.message ?? `It was refused (${response.status}).`,
        totalMs: sinceStart(),
      });
      return;
    }
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const split = splitEvents(rest + text);
      rest = split.rest;
      for (const event of split.events) answer = addEvent(answer, event, sinceStart());
      say(answer);
    }
  } catch (thrown) {
    const error = signal.aborted ? 'Stopped.' : `It broke off: ${(thrown as Error).message}`;
    say({ ...answer, error, totalMs: sinceStart() });
  }
}

/** The same question, for a terminal. */
export function curlOf(question: Omit<Question, 'signal' | 'key'>): string {
  const body = JSON.stringify(bodyOf(question), null, 2).replaceAll("'", String.raw`'\''`);
  return `curl -N ${question.url}/v1/chat/completions \\\n  -H "Authorization: Bearer $SAGEWAI_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '${body}'`;
}
