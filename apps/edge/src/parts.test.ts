import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';

import { readConfig } from '@sagewai/config';
import { describe, expect, test } from 'vitest';

import { clientAddress, readTrusted } from './client-address.ts';
import { EDGE_FIELDS } from './config.ts';
import { headersToClient, headersToUpstream } from './passed-headers.ts';
import { RateLimiter } from './rate.ts';
import { readMount } from './read-mounts.ts';
import { watch } from './watch.ts';

const request = (headers: Record<string, string>, remoteAddress = '203.0.113.9'): IncomingMessage =>
  ({
    headers,
    rawHeaders: Object.entries(headers).flat(),
    socket: { remoteAddress },
  }) as unknown as IncomingMessage;

const passage = {
  url: '/v1/models',
  requestId: 'r-1',
  address: '203.0.113.9',
  prefix: '/llm',
  scheme: 'https',
  isTrusted: false,
} as const;

describe('a mount in a setting', () => {
  test('is a prefix, a host, or both', () => {
    expect(readMount('/eu/=http://eu:8000')).toEqual({
      host: null,
      prefix: '/eu',
      url: 'http://eu:8000',
    });
    expect(readMount('EU.example.com=https://eu/base')).toMatchObject({
      host: 'eu.example.com',
      prefix: '/',
    });
    expect(readMount('eu/llm=http://eu?a=b')).toMatchObject({
      host: 'eu',
      prefix: '/llm',
      url: 'http://eu?a=b',
    });
  });

  test.each(['http://eu:8000', '=http://eu', '/eu=eu:8000', 'e u=http://eu', '/eu='])(
    'is refused as %s',
    (text) => {
      expect(() => readMount(text)).toThrow('/prefix=URL');
    },
  );
});

describe('a client', () => {
  const isTrusted = readTrusted(['10.0.0.0/8', '192.0.2.1']);

  test('is whoever is connected, whatever a stranger says', () => {
    const from = request({ 'x-forwarded-for': '198.51.100.1' });
    expect(clientAddress(from, isTrusted)).toEqual({ address: '203.0.113.9', isTrusted: false });
  });

  test('is the last one on the way that is no believed proxy', () => {
    const from = request(
      { 'x-forwarded-for': '1.1.1.1, 198.51.100.1, 10.9.9.9' },
      '::ffff:10.0.0.1',
    );
    expect(clientAddress(from, isTrusted)).toEqual({ address: '198.51.100.1', isTrusted: true });
  });

  test('needs proxies that can be read', () => {
    expect(() => readTrusted(['10.0.0.0/40'])).toThrow('SAGE_EDGE_TRUSTED_PROXIES');
    expect(() => readTrusted(['gateway'])).toThrow('SAGE_EDGE_TRUSTED_PROXIES');
  });
});

describe('what a gateway is told', () => {
  const told = (headers: Record<string, string>, over = {}): Record<string, string> => {
    const flat = headersToUpstream(request(headers), { ...passage, ...over });
    return Object.fromEntries(
      flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])),
    );
  };

  test('is all that concerns it, and nothing of the connection', () => {
    expect(
      told({
        host: 'edge.example.com',
        authorization: 'Bearer sk-1',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'transfer-encoding': 'chunked',
        expect: '100-continue',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        tracestate: 'a=b',
      }),
    ).toEqual({
      authorization: 'Bearer sk-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tracestate: 'a=b',
      'x-request-id': 'r-1',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'edge.example.com',
      'x-forwarded-prefix': '/llm',
    });
  });

  test('is not what a stranger says of the way, nor a trace that is none', () => {
    const lies = {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      forwarded: 'for=127.0.0.1',
      'x-real-ip': '127.0.0.1',
      traceparent: 'nonsense',
    };
    const heard = told(lies);
    expect(heard).toMatchObject({ 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' });
    expect(heard).not.toHaveProperty('forwarded');
    expect(heard).not.toHaveProperty('x-real-ip');
    expect(heard).not.toHaveProperty('traceparent');
  });

  test('is the whole way when who stands before us is believed', () => {
    const given = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http' };
    expect(told(given, { isTrusted: true })).toMatchObject({
      'x-forwarded-for': '198.51.100.1, 203.0.113.9',
      'x-forwarded-proto': 'http',
    });
  });
});

describe('what a client is told', () => {
  test('is not what concerns our connection to the gateway', () => {
    const given = { connection: 'x-hop', 'x-hop': '1', 'transfer-encoding': 'chunked', etag: 'e' };
    expect(headersToClient(given, passage, '')).toEqual({ etag: 'e', 'x-request-id': 'r-1' });
  });

  test('leads back through the prefix', () => {
    const to = (location: string, base = ''): unknown =>
      headersToClient({ location }, passage, base).location;
    expect(to('/login')).toBe('/llm/login');
    expect(to('/base/login', '/base')).toBe('/llm/login');
    expect(to('https://id.example.com/x')).toBe('https://id.example.com/x');
    expect(to('//id.example.com/x')).toBe('//id.example.com/x');
  });
});

describe('the rate of a client', () => {
  test('allows a burst, then so many a second, and says when to come again', () => {
    const limiter = new RateLimiter({ perSecond: 2, burst: 3 });
    const kinds = (client: string, nowMs: number): string => limiter.admit(client, nowMs).kind;
    expect([1, 2, 3].map(() => kinds('a', 0))).toEqual(['admitted', 'admitted', 'admitted']);
    expect(limiter.admit('a', 0)).toEqual({ kind: 'late', retryAfterMs: 500 });
    expect(kinds('b', 0)).toBe('admitted');
    expect(kinds('a', 499)).toBe('late');
    expect(kinds('a', 501)).toBe('admitted');
    expect(kinds('a', 502)).toBe('late');
  });

  test('is kept for a bounded number of clients; whoever is asked for goes last', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, 2);
    limiter.admit('a', 0);
    limiter.admit('b', 0);
    limiter.admit('a', 0);
    limiter.admit('c', 0);
    expect(limiter.admit('a', 0).kind).toBe('late');
    expect(limiter.admit('b', 0).kind).toBe('admitted');
  });
});

describe('a watch', () => {
  test('asks ever less often until it is ready, and at once when somebody doubts', async () => {
    const answers: (string | null)[] = ['down', 'down', null];
    const changes: (string | null)[] = [];
    let asked = 0;
    let heard = Promise.withResolvers<void>();
    const seen = watch(
      { probe: async () => (asked < answers.length ? (answers[asked++] ?? null) : 'down again') },
      {
        everyMs: 3_600_000,
        backoffMs: 1,
        onChange: (why) => {
          changes.push(why);
          if (why !== 'down') heard.resolve();
        },
      },
    );
    expect(seen.isReady).toBe(false);
    await heard.promise;
    expect([seen.isReady, asked]).toEqual([true, 3]);
    heard = Promise.withResolvers();
    seen.doubt();
    await heard.promise;
    seen.stop();
    expect(changes).toEqual(['down', null, 'down again']);
    expect(seen.detail).toBe('down again');
  });
});

describe('the settings', () => {
  test('all stand in the guide, and levels may be said as people say them', () => {
    const guide = readFileSync('docs/guides/edge.md', 'utf8');
    expect(Object.keys(EDGE_FIELDS).filter((name) => !guide.includes(`| \`${name}\` `))).toEqual(
      [],
    );
    const level = (SAGE_EDGE_LOG_LEVEL: string): unknown =>
      readConfig(EDGE_FIELDS, { environment: { SAGE_EDGE_LOG_LEVEL } }).sageEdgeLogLevel;
    expect(['debug', 'info', 'warning', 'warn', 'error'].map(level)).toEqual([
      'debug',
      'info',
      'warn',
      'warn',
      'error',
    ]);
    expect(() => level('loud')).toThrow('one of debug, info, warning, error');
  });
});
