import { openSchemas, type MistakesOf } from '@sagewai/translate/openai-schema-fixture';
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `TEST_DATA_DIR`; null: beside the repository. */
    testDataDir: string | null;
  }
}

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Whole answers and events of each of OpenAI's surfaces, by the names of its own description. */
const SURFACES: readonly (readonly [path: RegExp, whole: string, event: string | null])[] = [
  [/\/chat\/completions$/, 'CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse'],
  [/\/completions$/, 'CreateCompletionResponse', 'CreateCompletionResponse'],
  [/\/responses$/, 'Response', 'ResponseStreamEvent'],
  [/\/embeddings$/, 'CreateEmbeddingResponse', null],
  [/\/moderations$/, 'CreateModerationResponse', null],
  [/\/images\/generations$/, 'ImagesResponse', 'ImageGenStreamEvent'],
  [/\/images\/edits$/, 'ImagesResponse', 'ImageEditStreamEvent'],
  [
    /\/audio\/transcriptions$/,
    'CreateTranscriptionResponseJson',
    'CreateTranscriptionResponseStreamEvent',
  ],
  [/\/models$/, 'ListModelsResponse', null],
  [/\/models\/[^/]+$/, 'Model', null],
];

export interface CheckedAnswers {
  /** As the global one; what it answers on a surface of OpenAI's is compared with the description. */
  readonly fetch: Fetch;
  /** How many answers and events were compared. */
  readonly count: () => number;
  /** What was not as described, once everything that was fetched has been read. */
  readonly mistakes: () => Promise<readonly string[]>;
}

const named = openSchemas(inject('testDataDir'));
const compiled = new Map<string, MistakesOf>();

/** What is wrong with a value of that name; empty where nothing is, or where the description is missing. */
export function mistakesIn(name: string, value: unknown): string {
  const known = compiled.get(name) ?? named(name);
  compiled.set(name, known);
  return known(value);
}

/** Whether the description is at hand; `openSchemas` says so where it is not. */
export const isDescribed = (): boolean => mistakesIn('Model', {}) !== '';

export function checkAnswers(): CheckedAnswers {
  const reading: Promise<readonly string[]>[] = [];
  let count = 0;
  const read = async (path: string, answer: Response): Promise<readonly string[]> => {
    const surface = SURFACES.find(([pattern]) => pattern.test(path));
    if (surface === undefined) return [];
    const [, whole, event] = surface;
    const text = await readArrived(answer);
    if (text === '') return [];
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const values = isStream ? eventsIn(text) : [JSON.parse(text) as object];
    count += values.length;
    const as =
      event === 'CreateCompletionResponse' || event === null
        ? asDescribed
        : isStream
          ? withFunctions
          : unchanged;
    return values.flatMap((value) => {
      const name = 'error' in value && isError(value) ? 'ErrorResponse' : isStream ? event : whole;
      if (name === null) return [`${path} streams`];
      const mistake = mistakesIn(answer.ok ? name : 'ErrorResponse', as(value));
      return mistake === ''
        ? []
        : [`${path} ${name}: ${JSON.stringify(value)} ${mistake.slice(0, 300)}`];
    });
  };
  return {
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      reading.push(read(pathname, answer.clone()));
      return answer;
    },
    count: () => count,
    mistakes: async () => (await Promise.all(reading)).flat(),
  };
}

/**
 * Where OpenAI's own answers are not as it describes them: vectors in base64, which its client asks for,
 * and chunks of a completion that have not ended.
 */
function asDescribed(value: object): object {
  const { data, choices } = value as { data?: unknown; choices?: unknown };
  if (Array.isArray(data)) {
    const spelt = (data as { embedding?: unknown }[]).map((one) =>
      typeof one.embedding === 'string' ? { ...one, embedding: [0] } : one,
    );
    return { ...value, data: spelt };
  }
  if (!Array.isArray(choices)) return value;
  const ended = (choices as { finish_reason?: unknown }[]).map((one) =>
    one.finish_reason === null ? { ...one, finish_reason: 'stop' } : one,
  );
  return { ...value, choices: ended };
}

interface Called {
  readonly delta?: { readonly tool_calls?: readonly { readonly type?: string }[] };
}

/** Streams may call tools of free text, as whole answers do; the description of chunks forgets them. */
function withFunctions(value: object): object {
  const { choices } = value as { choices?: readonly Called[] };
  const isCalled = ({ delta }: Called): boolean =>
    delta?.tool_calls?.some(({ type }) => type === 'custom') === true;
  if (!Array.isArray(choices) || !choices.some(isCalled)) return value;
  return JSON.parse(
    JSON.stringify(value).replaceAll('"type":"custom"', '"type":"function"'),
  ) as object;
}

const unchanged = (value: object): object => value;

/** An error midway in a stream of chunks; a response has an `error` of its own. */
const isError = (value: object): boolean => !('object' in value) && !('type' in value);

/** What arrived, and of that what is whole where the client has left. */
async function readArrived(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  const body = answer.body as AsyncIterable<Uint8Array> | null;
  try {
    for await (const bytes of body ?? []) text += decoder.decode(bytes, { stream: true });
    return text;
  } catch {
    const end = text.lastIndexOf('\n\n');
    return end === -1 ? '' : text.slice(0, end + 2);
  }
}

function eventsIn(text: string): object[] {
  return text
    .split('\n\n')
    .map((event) => event.split('\n').find((line) => line.startsWith('data: ')) ?? '')
    .filter((line) => line !== '' && line !== 'data: [DONE]')
    .map((line) => JSON.parse(line.slice(6)) as object);
}
