import { JSON_TYPE, SCIM_TYPE } from './error-shapes.ts';
import type { Exchange } from './exchange.ts';
import { fail } from './fail.ts';
import type { RawParts } from './parse.ts';
import type { Pipeline } from './pipeline.ts';
import type { Binding } from './route.ts';
import { runHandler } from './run-handler.ts';
import { send } from './send.ts';

/** From the parsed head to the written answer, for every binding but streams. Never rejects. */
export async function serve(
  exchange: Exchange,
  binding: Exclude<Binding, { kind: 'stream' }>,
  raw: RawParts,
  pipeline: Pipeline,
): Promise<void> {
  try {
    const text = await runHandler(exchange, binding, exchange.plan.parse(raw), pipeline);
    send(exchange.reply, exchange.id, {
      status: text === null ? 204 : (exchange.endpoint.status ?? 200),
      contentType: exchange.endpoint.surface === 'scim' ? SCIM_TYPE : JSON_TYPE,
      text,
      headers: exchange.headersOut,
      isLast: pipeline.drain.isDraining,
    });
  } catch (thrown) {
    await fail(exchange, pipeline, thrown);
  }
}
