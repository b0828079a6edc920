import type { StepContext } from '../agent/run-options.ts';

interface Generated {
  readonly request?: unknown;
  readonly response?:
    | {
        readonly timestamp?: Date | undefined;
        readonly headers?: unknown;
        readonly body?: unknown;
      }
    | undefined;
}

/** As the AI SDK hands it to middleware; only what is used here. */
interface Generating<Result> {
  readonly doGenerate: () => PromiseLike<Result>;
}

/** Middleware for `wrapLanguageModel` of the AI SDK. */
export interface DurableModel {
  readonly specificationVersion: 'v4';
  readonly wrapGenerate: <Result extends Generated>(call: Generating<Result>) => Promise<Result>;
  readonly wrapStream: () => never;
}

/**
 * Makes each call of a model a step: an agent of the AI SDK whose worker dies does not ask again for what it was
 * answered. A stream has no end that could be journaled before it is read, so `generateText` it is.
 */
export function durableModel(ctx: Pick<StepContext, 'step'>, name = 'model'): DurableModel {
  return {
    specificationVersion: 'v4',
    wrapGenerate: async <Result extends Generated>({ doGenerate }: Generating<Result>) => {
      const answered = await ctx.step(name, async () => {
        // What was sent is in the prompt, and would make each entry as long as the whole conversation. What came back
        // is there as its parts; its headers are between the provider and whoever holds the key.
        const { request: _request, response: whole, ...result } = await doGenerate();
        if (whole === undefined) return result as Result;
        const { headers: _headers, body: _body, ...told } = whole;
        return { ...result, response: told } as unknown as Result;
      });
      const { response } = answered;
      if (response?.timestamp === undefined) return answered;
      // A journal keeps JSON.
      return { ...answered, response: { ...response, timestamp: new Date(response.timestamp) } };
    },
    wrapStream: () => {
      throw new TypeError('a durable model answers whole: use generateText, or agent.generate');
    },
  };
}
