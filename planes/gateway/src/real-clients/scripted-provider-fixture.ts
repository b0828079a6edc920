import type { ServerResponse } from 'node:http';

import type { FakeUpstream } from '../gateway-fixture.ts';
import { answerEvents, answerJson } from '../world-fixture.ts';
import { playMessages } from './scripted-messages-fixture.ts';
import { playResponse } from './scripted-responses-fixture.ts';
import {
  argumentsFor,
  contentFor,
  data,
  type Json,
  objects,
  piecesFor,
  SAID,
  TOKENS,
  wishOf,
} from './wishes-fixture.ts';

/**
 * Answers as OpenAI and Anthropic do, by path: a tool's two calls where tools are offered and no result
 * is there yet, the data where a schema is set, else a sentence.
 */
export function playProviders(upstream: FakeUpstream): void {
  upstream.answer = ({ url = '' }, reply, sent) => {
    const body = JSON.parse(sent.toString()) as Json;
    const play = PLAYERS[new URL(url, 'http://x').pathname];
    if (play === undefined)
      return answerJson(reply, { error: { message: 'no path' } }, { status: 404 });
    play(body, reply);
  };
}

const PLAYERS: Readonly<Record<string, (body: Json, reply: ServerResponse) => void>> = {
  '/v1/chat/completions': playChat,
  '/v1/messages': playMessages,
  '/v1/responses': playResponse,
  '/v1/messages/count_tokens': (_, reply) => answerJson(reply, { input_tokens: TOKENS.input }),
  '/v1/embeddings': ({ input, encoding_format: format }, reply) => {
    const vector = [0.5, -0.25, 1];
    const bytes = Buffer.from(new Float32Array(vector).buffer).toString('base64');
    const data = [input].flat().map((_, index) => ({
      object: 'embedding',
      index,
      embedding: format === 'base64' ? bytes : vector,
    }));
    const usage = { prompt_tokens: 3, total_tokens: 3 };
    answerJson(reply, { object: 'list', model: 'up', data, usage });
  },
  '/v1/moderations': (_, reply) => answerJson(reply, MODERATION),
  '/v1/completions': ({ stream }, reply) => {
    const of = (text: string, finish_reason: string | null = null) => ({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'up',
      choices: [{ index: 0, text, logprobs: null, finish_reason }],
    });
    const usage = CHAT_USAGE;
    if (stream !== true) return answerJson(reply, { ...of(SAID, 'stop'), usage });
    const chunks = [
      ...piecesFor('text').map((piece) => of(piece)),
      of('', 'stop'),
      { ...of(''), choices: [], usage },
    ];
    answerEvents(reply, [...chunks.map((chunk) => data(chunk)), 'data: [DONE]\n\n']);
  },
};

const CHAT_USAGE = {
  prompt_tokens: TOKENS.input,
  completion_tokens: TOKENS.output,
  total_tokens: TOKENS.input + TOKENS.output,
};

function playChat(body: Json, reply: ServerResponse): void {
  const tools = objects(body['tools']).map((tool) => tool['function'] as Json);
  const isAnswered = objects(body['messages']).at(-1)?.['role'] === 'tool';
  const choice = body['tool_choice'] as Json | string | undefined;
  const isForced = typeof choice === 'object' || choice === 'required';
  const wish = wishOf({
    isForced,
    calls: tools.length > 0 && !isAnswered,
    isJson: (body['response_format'] as Json | undefined)?.['type'] === 'json_schema',
  });
  const calls = argumentsFor(wish).map((args, index) => ({
    id: `call_${index}`,
    type: 'function',
    function: { name: tools[0]?.['name'], arguments: JSON.stringify(args) },
  }));
  const finish = wish === 'calls' ? 'tool_calls' : 'stop';
  const base = { id: 'chatcmpl-1', created: 1, model: 'up' };
  if (body['stream'] !== true) {
    const content = calls.length > 0 ? null : contentFor(wish);
    const message = {
      role: 'assistant',
      content,
      refusal: null,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }];
    return answerJson(reply, { ...base, object: 'chat.completion', choices, usage: CHAT_USAGE });
  }
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...base,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  const texts = calls.length > 0 ? [] : piecesFor(wish).map((content) => chunk({ content }));
  const called = calls.flatMap(({ function: { name, arguments: args }, ...call }, index) => [
    chunk({ tool_calls: [{ index, ...call, function: { name, arguments: '' } }] }),
    chunk({ tool_calls: [{ index, function: { arguments: args.slice(0, 5) } }] }),
    chunk({ tool_calls: [{ index, function: { arguments: args.slice(5) } }] }),
  ]);
  const last = { ...chunk({}), choices: [], usage: CHAT_USAGE };
  const begin = chunk({ role: 'assistant', content: calls.length > 0 ? null : '' });
  const all = [begin, ...texts, ...called, chunk({}, finish), last];
  answerEvents(reply, [...all.map((one) => data(one)), 'data: [DONE]\n\n']);
}

const CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];
const each = <T>(value: T): Record<string, T> =>
  Object.fromEntries(CATEGORIES.map((name) => [name, value]));
const MODERATION = {
  id: 'modr-1',
  model: 'up',
  results: [
    {
      flagged: false,
      categories: each(false),
      category_scores: each(0.01),
      category_applied_input_types: each(['text']),
    },
  ],
};
