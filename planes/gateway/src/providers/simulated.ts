import type { Deployment } from '../models/deployment.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { simulate, type SimulatedAnswer } from './simulate.ts';
import type { Upstream, UpstreamCall, UpstreamListener, UpstreamRequest } from './upstream.ts';

/** How fast it pretends to be; zero answers at once. */
export interface SimulatedPace {
  readonly firstTokenMs: number;
  readonly perTokenMs: number;
}

const ENDPOINT = { provider: 'simulated', baseUrl: 'simulated:', credential: null } as const;
const USD_PER_MTOK = 1_000_000n;

/** Models of nobody. They cost a little, so that spend, budgets and limits can be watched at work. */
export const SIMULATED_DEPLOYMENTS: readonly Deployment[] = [
  ['simulated', 1n, 2n] as const,
  ['simulated-large', 10n, 20n] as const,
].map(([model, input, output]) => ({
  id: model,
  model,
  upstreamModel: model,
  endpoint: ENDPOINT,
  price: flatPrice(
    ratesOf({ input: (input * USD_PER_MTOK) / 10n, output: (output * USD_PER_MTOK) / 10n }),
  ),
  outputTokensMax: 1_024,
  contextTokensMax: 128_000,
}));

interface Body {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly n?: number | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly stop?: unknown;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
}

/** The provider that is always there: no network, no key, and it says on every answer what it is. */
export function createSimulated(pace: SimulatedPace): Upstream {
  return {
    send(request, listener) {
      const body = JSON.parse(request.body.toString()) as Body;
      const limits = [body.max_tokens, body.max_completion_tokens];
      const answer = simulate({
        model: body.model,
        messages: body.messages,
        n: body.n ?? 1,
        tokensMax: Math.min(...limits.map((limit) => limit ?? Infinity)),
        stops: [body.stop].flat().filter(isStop),
      });
      return new Playback(pieces(request, body, answer), pace, listener, request.wantsStream);
    },
  };
}

const isStop = (stop: unknown): stop is string => typeof stop === 'string' && stop !== '';

function pieces(request: UpstreamRequest, body: Body, answer: SimulatedAnswer): string[] {
  const common = {
    id: answer.id,
    created: 0,
    model: body.model,
    system_fingerprint: 'simulated',
  };
  const { input, output } = answer.usage;
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  if (!request.wantsStream) {
    const choices = answer.choices.map(({ tokens, finishReason }, index) => ({
      index,
      message: { role: 'assistant', content: tokens.join(''), refusal: null },
      logprobs: null,
      finish_reason: finishReason,
    }));
    return [JSON.stringify({ ...common, object: 'chat.completion', choices, usage })];
  }
  const asked = body.stream_options?.include_usage === true;
  const event = (choices: readonly object[], more: object = asked ? { usage: null } : {}): string =>
    `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
  const chunk = (index: number, delta: object, reason: string | null = null): string =>
    event([{ index, delta, logprobs: null, finish_reason: reason }]);
  return [
    ...answer.choices.flatMap(({ tokens, finishReason }, index) => [
      chunk(index, { role: 'assistant', content: '', refusal: null }),
      ...tokens.map((content) => chunk(index, { content })),
      chunk(index, {}, finishReason),
    ]),
    ...(asked ? [event([], { usage })] : []),
    'data: [DONE]\n\n',
  ];
}

/** Plays the pieces to the listener, one a step, and never inside `send`. */
class Playback implements UpstreamCall {
  readonly #pieces: readonly string[];
  readonly #pace: SimulatedPace;
  readonly #listener: UpstreamListener;
  readonly #isStream: boolean;
  #next = -1;
  #isPaused = false;
  #isOver = false;
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    played: readonly string[],
    pace: SimulatedPace,
    listener: UpstreamListener,
    isStream: boolean,
  ) {
    this.#pieces = played;
    this.#pace = pace;
    this.#listener = listener;
    this.#isStream = isStream;
    this.#later(pace.firstTokenMs);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isOver && !this.#isScheduled) this.#later(0);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#listener.onFailure({ kind: 'aborted', cause: undefined });
  }

  #later(delayMs: number): void {
    this.#isScheduled = true;
    const step = (): void => {
      this.#isScheduled = false;
      this.#play();
    };
    if (delayMs > 0) this.#timer = setTimeout(step, delayMs);
    else setImmediate(step);
  }

  #play(): void {
    while (!this.#isOver && !this.#isPaused) {
      if (this.#next === -1) this.#sendHead();
      const piece = this.#pieces[this.#next++];
      if (piece === undefined) {
        this.#isOver = true;
        this.#listener.onEnd();
        return;
      }
      this.#listener.onData(Buffer.from(piece));
      if (this.#isStream && this.#pace.perTokenMs > 0) {
        this.#later(this.#pace.perTokenMs);
        return;
      }
    }
  }

  #sendHead(): void {
    const contentType = this.#isStream ? 'text/event-stream; charset=utf-8' : 'application/json';
    this.#next = 0;
    this.#listener.onHead(200, { 'content-type': contentType });
  }
}
