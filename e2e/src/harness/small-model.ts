/** Serves what the small trainer has left, in OpenAI's format, as an engine's process. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

import { chooseAnswer, type SmallModel } from './small-model-file.ts';

const [port, name, files = ''] = process.argv.slice(2);
const model = JSON.parse(readFileSync(join(files, 'model.json'), 'utf8')) as SmallModel;

createServer((request, reply) => {
  void answer(request).then((body) => {
    reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}).listen(Number(port), '127.0.0.1');

async function answer(request: IncomingMessage): Promise<object> {
  if (request.url === '/v1/models') return { object: 'list', data: [{ id: name }] };
  const { messages } = (await json(request)) as { messages: { content: string }[] };
  const content =
    chooseAnswer(model, messages.at(-1)?.content ?? '') ?? 'nothing was learnt of that';
  return {
    id: 'x',
    object: 'chat.completion',
    model: name,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}
