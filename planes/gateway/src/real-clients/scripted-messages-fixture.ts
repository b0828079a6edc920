import type { ServerResponse } from 'node:http';

import { answerEvents, answerJson } from '../world-fixture.ts';
import {
  argumentsFor,
  contentFor,
  halves,
  type Json,
  named,
  objects,
  piecesFor,
  TOKENS,
  wishOf,
} from './wishes-fixture.ts';

export function playMessages(body: Json, reply: ServerResponse): void {
  const [tool] = objects(body['tools']);
  const isAnswered = objects(objects(body['messages']).at(-1)?.['content']).some(
    ({ type }) => type === 'tool_result',
  );
  const choice = body['tool_choice'] as Json | undefined;
  const format = body['output_format'] ?? (body['output_config'] as Json | undefined)?.['format'];
  const wish = wishOf({
    isForced: choice?.['type'] === 'tool' || choice?.['type'] === 'any',
    calls: tool !== undefined && !isAnswered,
    isJson: format !== undefined,
  });
  const inputs = argumentsFor(wish);
  const uses = inputs.map((input, index) => ({
    type: 'tool_use',
    id: `toolu_${index}`,
    name: tool?.['name'],
    input,
  }));
  const content = uses.length > 0 ? uses : [{ type: 'text', text: contentFor(wish) }];
  const stop_reason = uses.length > 0 ? 'tool_use' : 'end_turn';
  const usage = { input_tokens: TOKENS.input, output_tokens: TOKENS.output };
  const base = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'up',
    stop_sequence: null,
  };
  if (body['stream'] !== true) return answerJson(reply, { ...base, content, stop_reason, usage });
  const blocks = content.flatMap((block, index) => {
    const [empty, deltas] =
      'input' in block
        ? [
            { ...block, input: {} },
            halves(JSON.stringify(block.input)).map((partial_json) => ({
              type: 'input_json_delta',
              partial_json,
            })),
          ]
        : [
            { type: 'text', text: '' },
            piecesFor(wish).map((text) => ({ type: 'text_delta', text })),
          ];
    return [
      { type: 'content_block_start', index, content_block: empty },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ];
  });
  const begun = { ...base, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } };
  const events = [
    { type: 'message_start', message: begun },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
  answerEvents(
    reply,
    events.map((one) => named(one)),
  );
}
