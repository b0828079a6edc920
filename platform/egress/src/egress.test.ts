import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Fault } from '@sagewai/fault';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { createEgress, type Egress } from './egress.ts';
import type { Resolve } from './guarded-connect.ts';
import { guardedConnect, systemResolve } from './guarded-connect.ts';
import { createPublicEgress } from './public-egress.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const open: (Server | Egress)[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) {
    if ('destroy' in each) await each.destroy();
    else {
      each.closeAllConnections();
      each.close();
      await once(each, 'close');
    }
  }
});

async function serve(answer: Answer): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function egressTo(
  allowed: readonly string[],
  more: { resolve?: Resolve; headersTimeoutMs?: number } = {},
): Egress {
  const egress = createEgress({ allowed, ...more });
  open.push(egress);
  return egress;
}

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
  return 'none';
};

const get = async (egress: Egress, url: string): Promise<{ status: number; text: string }> => {
  const { statusCode, body } = await egress
    .pool(url)
    .request({ path: new URL(url).pathname, method: 'GET' });
  return { status: statusCode, text: await body.text() };
};

const answering =
  (...answers: string[]): Resolve =>
  (_host, answer) => {
    const address = answers.length > 1 ? (answers.shift() ?? '') : (answers[0] ?? '');
    answer(
      null,
      address.split(' ').map((each) => ({ address: each, family: each.includes(':') ? 6 : 4 })),
    );
  };

describe('createEgress', () => {
  test('calls what the operator named, private or not (E3)', async () => {
    const port = await serve((_, response) => response.end('hello'));
    const egress = egressTo([`http://127.0.0.1:${port}/v1`]);
    expect(await get(egress, `http://127.0.0.1:${port}/x`)).toEqual({ status: 200, text: 'hello' });
    expect(egress.pool(`http://127.0.0.1:${port}`)).toBe(
      egress.pool(`http://127.0.0.1:${port}/v1/chat`),
    );
  });

  test.each([
    'http://127.0.0.1:4001',
    'https://127.0.0.1:4000',
    'http://localhost:4000',
    'http://127.0.0.2:4000',
    'http://127.0.0.1:4000@evil.test',
    'http://127.0.0.1',
    'nonsense',
    '',
  ])('refuses %s, which was not named (E3)', (url) => {
    expect(codeOf(() => egressTo(['http://127.0.0.1:4000']).pool(url))).toBe('egress.refused');
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166',
    'http://0251.0376.0251.0376',
    'http://[::ffff:169.254.169.254]:80',
    'http://[fd00:ec2::254]',
    'http://metadata.google.internal',
    'http://100.100.100.200',
    'ftp://example.com',
    'file:///etc/passwd',
  ])('%s cannot even be named (E1)', (url) => {
    expect(codeOf(() => createEgress({ allowed: [url] }))).toBe('egress.refused');
  });

  test.each(['169.254.169.254', 'fe80::1', '::ffff:169.254.169.254', '127.0.0.1 169.254.169.254'])(
    'a named host that resolves to %s is not connected to (E1, E2)',
    async (address) => {
      let requests = 0;
      const port = await serve((_, response) => {
        requests += 1;
        response.end();
      });
      const url = `http://model.test:${port}/`;
      await expect(
        get(egressTo([url], { resolve: answering(address) }), url),
      ).rejects.toMatchObject({
        code: 'egress.refused',
      });
      expect(requests).toBe(0);
    },
  );

  test('a name that points elsewhere later is checked again at the next connection (E2)', async () => {
    const port = await serve((_, response) =>
      response.setHeader('connection', 'close').end('hello'),
    );
    const url = `http://model.test:${port}/`;
    const egress = egressTo([url], { resolve: answering('127.0.0.1', '169.254.169.254') });
    expect((await get(egress, url)).text).toBe('hello');
    await expect(get(egress, url)).rejects.toMatchObject({ code: 'egress.refused' });
  });

  test('the name is asked for once a connection, and that answer is used (E2)', async () => {
    const port = await serve((request, response) => response.end(request.socket.localAddress));
    const asked: string[] = [];
    const resolve: Resolve = (host, answer) => {
      asked.push(host);
      answer(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    // Only this resolver knows the name: had the system's been asked, the call would have failed.
    const url = `http://model.invalid:${port}/`;
    expect((await get(egressTo([url], { resolve }), url)).text).toBe('127.0.0.1');
    expect(asked).toEqual(['model.invalid']);
  });

  test('a redirect is an answer; nobody follows it (E4)', async () => {
    const paths: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const url = `http://127.0.0.1:${port}/here`;
    expect((await get(egressTo([url]), url)).status).toBe(302);
    expect(paths).toEqual(['/here']);
  });

  test('a request cannot name another origin than its pool (E3)', async () => {
    const ours = await serve((_, response) => response.end('ours'));
    const other = await serve((_, response) => response.end('other'));
    const pool = egressTo([`http://127.0.0.1:${ours}`]).pool(`http://127.0.0.1:${ours}`);
    const options = { origin: `http://127.0.0.1:${other}`, path: '/', method: 'GET' } as const;
    const { body } = await pool.request(options);
    expect(await body.text()).toBe('ours');
  });

  test('what the operator names later is called from then on, and by the same rules (E1, E3)', async () => {
    const port = await serve((_, response) => response.end('hello'));
    const url = `http://127.0.0.1:${port}/`;
    const egress = egressTo([]);
    expect(codeOf(() => egress.pool(url))).toBe('egress.refused');
    egress.allow([url]);
    expect((await get(egress, url)).text).toBe('hello');
    expect(codeOf(() => egress.allow(['http://169.254.169.254/']))).toBe('egress.refused');
  });
  test('a name that does not resolve fails as such', async () => {
    const resolve: Resolve = (_, answer) =>
      answer(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    await expect(
      get(egressTo(['http://a.test'], { resolve }), 'http://a.test'),
    ).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  test('a name that the system itself does not know fails as such', async () => {
    await expect(get(egressTo(['http://a.invalid']), 'http://a.invalid')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    });
  });

  test('an upstream that does not answer is given up on', async () => {
    const port = await serve(() => {});
    const url = `http://127.0.0.1:${port}/`;
    await expect(get(egressTo([url], { headersTimeoutMs: 50 }), url)).rejects.toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
  });

  test('close lets a call end, and then there is no way out (E5)', async () => {
    let finish = (): void => {};
    const isAsked = Promise.withResolvers<void>();
    const port = await serve((_, response) => {
      finish = () => void response.end('late');
      isAsked.resolve();
    });
    const url = `http://127.0.0.1:${port}/`;
    const egress = egressTo([url]);
    const call = get(egress, url);
    await isAsked.promise;
    const closed = egress.close();
    expect(codeOf(() => egress.pool(url))).toBe('service.draining');
    finish();
    expect((await call).text).toBe('late');
    await closed;
  });

  test('destroy breaks calls off (E5)', async () => {
    const isAsked = Promise.withResolvers<void>();
    const port = await serve(() => isAsked.resolve());
    const url = `http://127.0.0.1:${port}/`;
    const egress = egressTo([url]);
    const failure = get(egress, url).catch((error: unknown) => error);
    await isAsked.promise;
    await egress.destroy();
    expect(await failure).toBeInstanceOf(Error);
  });
});

describe('guardedConnect', () => {
  test.each([
    '169.254.169.254',
    '[fe80::1]',
    '2852039166',
    '0xa9fea9fe',
    'metadata.google.internal',
  ])('does not connect to %s when it is asked directly (E1)', async (hostname) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    guardedConnect(5000, systemResolve)({ hostname, protocol: 'http:', port: '80' }, (...[error]) =>
      resolve(error),
    );
    expect(await promise).toMatchObject({ code: 'egress.refused' });
  });
});

describe('an egress to public addresses alone (E6)', () => {
  const to = (address: string) =>
    createEgress({
      allowed: ['http://models.example/'],
      publicOnly: true,
      resolve: (_host, answer) =>
        answer(null, [{ address, family: address.includes(':') ? 6 : 4 }]),
    });

  test.each(['10.0.0.1', '127.0.0.1', '100.64.0.1', '192.168.1.1', '::1', 'fd00::1'])(
    'does not connect to %s, whatever name leads there',
    async (address) => {
      const egress = to(address);
      await expect(
        egress.pool('http://models.example/').request({ path: '/', method: 'GET' }),
      ).rejects.toMatchObject({ code: 'egress.refused' });
      await egress.destroy();
    },
  );

  test.each(['http://10.0.0.1/', 'http://[::1]/', 'http://127.1/', 'http://169.254.169.254/'])(
    'does not take %s as a name',
    (url) => {
      expect(codeOf(() => to('1.1.1.1').allow([url]))).toBe('egress.refused');
    },
  );
});

describe('createPublicEgress', () => {
  test.each([
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://2130706433/',
    'http://127.1/',
    'http://[::ffff:169.254.169.254]/',
    'http://metadata.google.internal/',
  ])('does not read %s (E1, E6)', async (url) => {
    const egress = createPublicEgress({ privateHosts: [], timeoutMs: 30_000 });
    const message = { method: 'GET', headers: {}, body: null, bytesMax: 100 } as const;
    const read = egress.send(url, message);
    await expect(read).rejects.toMatchObject({ code: 'egress.refused' });
    await egress.close();
  });

  test('a name that the system does not know fails as such, looked up or called', async () => {
    const egress = createPublicEgress({ privateHosts: [], timeoutMs: 30_000 });
    const unknown = { code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) };
    try {
      await expect(egress.lookUp('logs.invalid', 6514)).rejects.toMatchObject(unknown);
      await expect(
        egress.post('https://hooks.invalid/', { headers: {}, body: '{}' }),
      ).rejects.toMatchObject(unknown);
    } finally {
      await egress.close();
    }
  });

  test('a whole answer is read, up to a size, from hosts that the operator named', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/elsewhere' ? 302 : 200, { location: '/there' });
      response.end('x'.repeat(100));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const named = createPublicEgress({ privateHosts: [`127.0.0.1:${port}`], timeoutMs: 5_000 });
    const message = { method: 'GET', headers: {}, body: null, bytesMax: 100 } as const;
    expect([named.isNamed(url), named.isNamed('http://127.0.0.1:1')]).toEqual([true, false]);
    expect((await named.send(url, message)).body).toHaveLength(100);
    expect((await named.send(`${url}/elsewhere`, message)).status).toBe(302);
    await expect(named.send(url, { ...message, bytesMax: 99 })).rejects.toMatchObject({
      code: 'upstream.broken',
    });
    const unnamed = createPublicEgress({ privateHosts: [], timeoutMs: 5_000 });
    await expect(unnamed.send(url, message)).rejects.toMatchObject({ code: 'egress.refused' });
    await Promise.all([named.close(), unnamed.close()]);
    server.close();
  });

  test('what is broken off before it is connected ends then, and was never sent', async () => {
    // A name that nobody answers for.
    const egress = createPublicEgress({ privateHosts: [], timeoutMs: 5_000, resolve: () => {} });
    const sent = vi.fn<() => void>();
    const message = {
      method: 'GET',
      headers: {},
      body: null,
      bytesMax: 100,
      onSent: sent,
    } as const;
    const begunMs = performance.now();
    const late = egress.send('https://tools.example/', {
      ...message,
      signal: AbortSignal.timeout(50),
    });
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - begunMs).toBeLessThan(2_000);
    expect(sent).not.toHaveBeenCalled();

    const port = await serve((_, response) => void response.destroy());
    const near = createPublicEgress({ privateHosts: ['127.0.0.1'], timeoutMs: 5_000 });
    await expect(near.send(`http://127.0.0.1:${port}/`, message)).rejects.toThrow(/./);
    expect(sent).toHaveBeenCalled();
    await near.close();
  });
});
