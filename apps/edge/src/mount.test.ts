import { describe, expect, test } from 'vitest';

import {
  aliveHealth,
  findMount,
  type Mount,
  MountError,
  normalizeMountPath,
  pagePlace,
  planEdge,
  readyHealth,
} from './mount.ts';

const at = (place: string): Mount<string> => {
  const slash = place.indexOf('/');
  const host = place.slice(0, slash);
  return {
    host: host === '' ? null : host,
    prefix: normalizeMountPath(place.slice(slash)),
    target: place,
  };
};
const planned = (...places: string[]): readonly Mount<string>[] =>
  planEdge({ others: places.map(at) }).mounts;

describe('a prefix', () => {
  test.each([
    [null, '/'],
    [undefined, '/'],
    ['', '/'],
    ['/', '/'],
    ['/llm', '/llm'],
    ['/llm/', '/llm'],
    ['/api/llm//', '/api/llm'],
  ])('%j is %s (D1)', (given, normal) => {
    expect(normalizeMountPath(given)).toBe(normal);
  });

  test('begins with a slash, or is refused in these words (D1)', () => {
    expect(() => normalizeMountPath('llm')).toThrow(
      new MountError("llm_prefix must start with '/'"),
    );
  });
});

describe('a plan', () => {
  test('without anything to mount is refused, unless nothing is to be mounted', () => {
    expect(() => planEdge({})).toThrow('mount_llm requires explicit llm_app injection');
    expect(planEdge({ mountLlm: false })).toEqual({
      llmMounted: false,
      llmPrefix: '/',
      mounts: [],
    });
    expect(() => planEdge({ mountLlm: false, others: [at('/eu')] })).toThrow('--no-llm');
  });

  test('has one gateway at a place', () => {
    expect(() => planEdge({ llmApp: 'here', llmPrefix: '/llm', others: [at('/llm/')] })).toThrow(
      'two gateways are mounted at /llm',
    );
  });
});

describe('who answers', () => {
  const mounts = planned('/', '/llm', '/llm/eu', 'eu.example.com/', 'eu.example.com/llm');
  const ask = (url: string, host = 'localhost:8899'): unknown => {
    const found = findMount(mounts, host, url);
    return found.kind === 'mount' ? [found.mount.target, found.url] : found.kind;
  };

  test.each([
    ['/v1/models', ['/', '/v1/models']],
    ['/llm/v1/models?limit=1', ['/llm', '/v1/models?limit=1']],
    ['/llm', ['/llm', '/']],
    ['/llm?x=/llm', ['/llm', '/?x=/llm']],
    ['/llm/', ['/llm', '/']],
    ['/llmx/v1', ['/', '/llmx/v1']],
    ['/llm/eu/v1/chat/completions', ['/llm/eu', '/v1/chat/completions']],
  ])('%s is answered by the longest prefix that fits, without it (D3, D4)', (url, expected) => {
    expect(ask(url)).toEqual(expected);
  });

  test('is who has the host, before who has none (D3)', () => {
    expect(ask('/v1/models', 'EU.example.com:443')).toEqual(['eu.example.com/', '/v1/models']);
    expect(ask('/llm/eu/v1', 'eu.example.com')).toEqual(['eu.example.com/llm', '/eu/v1']);
  });

  test.each(['eu.example.com.', 'EU.example.com.:443', 'eu.example.com:'])(
    'is who has the host however it is written: %s (D3)',
    (host) => {
      expect(ask('/v1/models', host)).toEqual(['eu.example.com/', '/v1/models']);
    },
  );

  test('is not who has another host (D3)', () => {
    expect(ask('/v1/models', 'eu.example.com..')).toEqual(['/', '/v1/models']);
    expect(ask('/v1/models', '.')).toEqual(['/', '/v1/models']);
  });

  test('is the edge itself for health at the root, whatever is mounted there (D2)', () => {
    expect(ask('/healthz')).toBe('health');
    expect(ask('/readyz?verbose', 'eu.example.com')).toBe('health');
    expect(ask('/llm/healthz')).toEqual(['/llm', '/healthz']);
  });

  test('is nobody where nothing is mounted', () => {
    expect(findMount(planned('/llm'), 'localhost', '/v1/models').kind).toBe('nothing');
    expect(findMount(mounts, 'localhost', '*').kind).toBe('nothing');
  });

  test.each([
    '/llm/../api/v1/keys',
    '/llm/%2e%2e/keys',
    '/llm/.%2E/keys',
    '/llm/..%2fkeys',
    '/llm/..\\keys',
    '/llm/..;/keys',
    '/./llm',
    '/llm/..',
  ])('is nobody for a path that climbs: %s (D5)', (url) => {
    expect(ask(url)).toBe('refused');
  });

  test.each(['/v1/models/gpt-4.1', '/v1/files/..a', '/.well-known/x', '/v1/a..b/c?x=/../y'])(
    'is found for dots that do not climb: %s',
    (url) => {
      expect(ask(url)).toEqual(['/', url]);
    },
  );
});

describe('a page at a bare prefix', () => {
  const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const ask = (url: string, method = 'GET', accept: string | undefined = HTML): string | null =>
    pagePlace('/llm', { method, accept, url });

  test('is at the prefix with a slash, the query kept (D6)', () => {
    expect(ask('/llm')).toBe('/llm/');
    expect(ask('/llm?a=/b&c', 'HEAD')).toBe('/llm/?a=/b&c');
  });

  test('is no other request, and nothing below it (D6)', () => {
    expect(ask('/llm', 'POST')).toBeNull();
    expect(ask('/llm', 'GET', 'application/json')).toBeNull();
    expect(ask('/llm', 'GET', '*/*')).toBeNull();
    expect(pagePlace('/llm', { method: 'GET', accept: undefined, url: '/llm' })).toBeNull();
    expect([ask('/llm/'), ask('/llm/console'), ask('/llm/?a')]).toEqual([null, null, null]);
    expect(pagePlace('/', { method: 'GET', accept: HTML, url: '/' })).toBeNull();
  });
});

describe('health', () => {
  const plan = { llmMounted: true, llmPrefix: '/llm' };
  const up = { mount: '/llm', ready: true };
  const down = { mount: '/eu', ready: false, detail: 'ECONNREFUSED' };
  const ready = (when: 'any' | 'all', ...states: (typeof up)[]): unknown => {
    const { isReady, health } = readyHealth(plan, states, { isDraining: false, when });
    return [isReady, health.status];
  };

  test('has the fields that monitors of such an edge read', () => {
    expect(aliveHealth(plan)).toEqual({
      status: 'ok',
      service: 'SAGE Edge',
      llm_mounted: true,
      llm_prefix: '/llm',
    });
    expect(readyHealth(plan, [], { isDraining: false, when: 'all' }).health.status).toBe('ready');
  });

  test('reflects the gateways: with any of them, or only with all', () => {
    expect(ready('any', up)).toEqual([true, 'ready']);
    expect(ready('any', up, down)).toEqual([true, 'degraded']);
    expect(ready('all', up, down)).toEqual([false, 'unready']);
    expect(ready('any', down)).toEqual([false, 'unready']);
  });

  test('is not ready while it drains', () => {
    const { isReady, health } = readyHealth(plan, [up], { isDraining: true, when: 'any' });
    expect([isReady, health.status]).toEqual([false, 'draining']);
  });
});
