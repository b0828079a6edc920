// The least that a JSON gateway in Node can do: no key, no budget, no record. It parses and serialises the
// JSON both ways, and passes server-sent events unparsed. undici is the one that the gateway uses.
import { createServer } from 'node:http';
import { Writable } from 'node:stream';

import { Pool } from 'undici';

const upstream = new URL(process.env.UPSTREAM_URL);
const pool = new Pool(upstream.origin, { connections: 128, pipelining: 1 });

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => forward(request, Buffer.concat(chunks), response));
});

function forward(request, bytes, response) {
  const call = JSON.parse(bytes);
  pool
    .stream(
      {
        method: 'POST',
        path: request.url,
        headers: { 'content-type': 'application/json', authorization: 'Bearer upstream' },
        body: JSON.stringify(call),
        opaque: response,
      },
      call.stream === true ? passStream : passJson,
    )
    .catch(() => {
      if (!response.headersSent) response.writeHead(502);
      response.end();
    });
}

function passStream({ statusCode, headers, opaque: response }) {
  response.writeHead(statusCode, { 'content-type': headers['content-type'] });
  return response;
}

function passJson({ statusCode, opaque: response }) {
  const chunks = [];
  return new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
    final(done) {
      const body = Buffer.from(JSON.stringify(JSON.parse(Buffer.concat(chunks))));
      response.writeHead(statusCode, {
        'content-type': 'application/json',
        'content-length': body.length,
      });
      response.end(body);
      done();
    },
  });
}

server.keepAliveTimeout = 120_000;
server.listen(Number(process.env.PORT), '127.0.0.1', 1024);
process.once('SIGTERM', () => process.exit());
