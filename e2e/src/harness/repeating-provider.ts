import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { Stage } from './stage.ts';

/** Says again what it is told; refuses what asks for it, in the same words. */
export async function repeatingProvider(stage: Stage): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      if (body === '') {
        response.end(JSON.stringify({ data: [{ id: 'gpt-4o' }] }));
        return;
      }
      const asked = JSON.parse(body) as { messages: { content: string }[] };
      const said = asked.messages.at(-1)?.content ?? '';
      const isRefused = said.startsWith('refuse');
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' });
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      const message = { role: 'assistant', content: `You said: ${said}` };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      const error = { message: `No: ${said}`, type: 'invalid_request' };
      response.end(JSON.stringify(isRefused ? { error } : { model: 'gpt-4o', choices, usage }));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.defer('the provider', async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
