import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

import { expect, onTestFinished, test } from 'vitest';

import { findOllama } from './find-ollama.ts';

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

test('an Ollama that answers is found', async () => {
  const paths: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    paths.push(request.url);
    response.end('{"models":[]}');
  });
  expect(await findOllama(`${url}/`)).toBe(url);
  expect(paths).toEqual(['/api/tags']);
});

test('what is not there, or is something else, is none', async () => {
  expect(await findOllama('http://127.0.0.1:65535')).toBeNull();
  const page = await serve((_, response) => response.end('<html>'));
  expect(await findOllama(page)).toBeNull();
  const other = await serve((_, response) => response.end('{"models":"many"}'));
  expect(await findOllama(other)).toBeNull();
});
