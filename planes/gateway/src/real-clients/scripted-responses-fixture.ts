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

export function playResponse(body: Json, reply: ServerResponse): void {
  const [tool] = objects(body['tools']);
  const isAnswered = objects(body['input']).at(-1)?.['type'] === 'function_call_output';
  const format = (body['text'] as Json | undefined)?.['format'] as Json | undefined;
  const wish = wishOf({
    isForced: typeof body['tool_choice'] === 'object' && body['tool_choice'] !== null,
    calls: tool !== undefined && !isAnswered,
    isJson: format?.['type'] === 'json_schema',
  });
  const calls = argumentsFor(wish).map((args, index) => ({
    type: 'function_call',
    id: `fc_${index}`,
    call_id: `call_${index}`,
    name: tool?.['name'],
    arguments: JSON.stringify(args),
    status: 'completed',
  }));
  const part = { type: 'output_text', text: contentFor(wish), annotations: [], logprobs: [] };
  const message = {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [part],
  };
  const output = calls.length > 0 ? calls : [message];
  const whole = { ...RESPONSE, output };
  if (body['stream'] !== true) return answerJson(reply, whole);
  const { usage: _, ...rest } = RESPONSE;
  const begun = { ...rest, status: 'in_progress', output: [] };
  const items = output.flatMap((item, output_index): Json[] => {
    const at = { output_index, item_id: item.id };
    if ('content' in item) {
      const of = { ...at, content_index: 0 };
      return [
        {
          type: 'response.output_item.added',
          output_index,
          item: { ...item, status: 'in_progress', content: [] },
        },
        { type: 'response.content_part.added', ...of, part: { ...part, text: '' } },
        ...piecesFor(wish).map((delta) => ({
          type: 'response.output_text.delta',
          ...of,
          delta,
          logprobs: [],
        })),
        { type: 'response.output_text.done', ...of, text: part.text, logprobs: [] },
        { type: 'response.content_part.done', ...of, part },
        { type: 'response.output_item.done', output_index, item },
      ];
    }
    const { arguments: args, name } = item;
    return [
      {
        type: 'response.output_item.added',
        output_index,
        item: { ...item, arguments: '', status: 'in_progress' },
      },
      ...halves(args).map((delta) => ({
        type: 'response.function_call_arguments.delta',
        ...at,
        delta,
      })),
      { type: 'response.function_call_arguments.done', ...at, name, arguments: args },
      { type: 'response.output_item.done', output_index, item },
    ];
  });
  const events = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...items,
    { type: 'response.completed', response: whole },
  ];
  answerEvents(
    reply,
    events.map((one, sequence_number) => named({ ...one, sequence_number })),
  );
}

const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  model: 'up',
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  metadata: {},
  temperature: 1,
  top_p: 1,
  usage: {
    input_tokens: TOKENS.input,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: TOKENS.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: TOKENS.input + TOKENS.output,
  },
};
