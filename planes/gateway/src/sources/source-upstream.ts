import type { Upstream, UpstreamListener, UpstreamRequest } from '../providers/upstream.ts';
import type { SourceCall, SourcePiece } from './model-source.ts';

type End = Extract<SourcePiece, { kind: 'end' }>;
type Answer = (
  call: Pick<SourceCall, 'chat' | 'traceparent' | 'signal'>,
) => AsyncIterable<SourcePiece>;

/** Lets a source answer as a provider of chat does. */
export function createSourceUpstream(answer: Answer): Upstream {
  return {
    send: (request, listener) => {
      const leaving = new AbortController();
      let resumed: PromiseWithResolvers<void> | undefined;
      const play = async (): Promise<void> => {
        const { traceparent } = request.headers ?? {};
        const chat = JSON.parse(request.body.toString()) as SourceCall['chat'];
        const say = createVoice(request, listener, chat);
        for await (const piece of answer({ chat, traceparent, signal: leaving.signal })) {
          await resumed?.promise;
          if (leaving.signal.aborted) break;
          say(piece);
          if (piece.kind === 'end') return listener.onEnd();
        }
        throw new Error('the source did not end its answer');
      };
      // Never inside `send`. What was begun may have cost something, and is not begun again (R4).
      setImmediate(() => {
        play().catch((cause: unknown) => {
          listener.onFailure({ kind: leaving.signal.aborted ? 'aborted' : 'lost', cause });
        });
      });
      return {
        pause: () => void (resumed ??= Promise.withResolvers()),
        resume: () => {
          resumed?.resolve();
          resumed = undefined;
        },
        abort: () => {
          leaving.abort();
          resumed?.resolve();
        },
      };
    },
  };
}

/** Says pieces as bytes: chunks of a stream, or one completion at the end. */
function createVoice(
  { wantsStream, model }: UpstreamRequest,
  listener: UpstreamListener,
  chat: SourceCall['chat'],
): (piece: SourcePiece) => void {
  const common = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    created: Math.floor(Date.now() / 1_000),
    model,
  };
  const send = (text: string): void => listener.onData(Buffer.from(text));
  const { include_usage: asksUsage } = (chat['stream_options'] ?? {}) as {
    include_usage?: boolean;
  };
  let said = '';
  let hasBegun = false;
  const chunk = (choices: readonly object[], usage: object | null = null): void =>
    send(
      `data: ${JSON.stringify({
        ...common,
        object: 'chat.completion.chunk',
        choices,
        ...(asksUsage === true ? { usage } : {}),
      })}\n\n`,
    );
  const delta = (of: object, finish_reason: string | null = null): void =>
    chunk([{ index: 0, delta: of, logprobs: null, finish_reason }]);
  const begin = (): void => {
    hasBegun = true;
    const contentType = wantsStream ? 'text/event-stream; charset=utf-8' : 'application/json';
    listener.onHead(200, { 'content-type': contentType });
    if (wantsStream) delta({ role: 'assistant', content: '' });
  };
  const end = ({ finishReason, usage: { input, output } }: End): void => {
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
    if (wantsStream) {
      delta({}, finishReason);
      if (asksUsage === true) chunk([], usage);
      return send('data: [DONE]\n\n');
    }
    const message = { role: 'assistant', content: said, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }];
    send(JSON.stringify({ ...common, object: 'chat.completion', choices, usage }));
  };
  return (piece) => {
    if (!hasBegun) begin();
    if (piece.kind === 'end') end(piece);
    else if (wantsStream) delta({ content: piece.text });
    else said += piece.text;
  };
}
