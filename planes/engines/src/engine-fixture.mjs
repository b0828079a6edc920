/** A server of a model, as an engine's process: lists its model, answers chats, and dies when it is told to. */
import { createServer } from 'node:http';

const [port, model] = process.argv.slice(2);
if (process.env['SAGEWAI_SECRET'] !== undefined) process.exit(3);

createServer((request, reply) => {
  if (request.url === '/die') process.exit(1);
  const body =
    request.url === '/v1/models'
      ? { object: 'list', data: [{ id: model }] }
      : {
          id: 'x',
          object: 'chat.completion',
          choices: [{ index: 0, message: { role: 'assistant', content: `by ${model}` } }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        };
  reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(port), '127.0.0.1');
