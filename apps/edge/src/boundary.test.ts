/** `mount.ts` knows no framework, `app.ts` adapts, `main.ts` is the command. */
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

function importsOf(file: string): string[] {
  const text = readFileSync(`apps/edge/src/${file}`, 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map(([, name = '']) => name);
}

describe('the boundary of the edge', () => {
  test('the scan sees imports of every form', () => {
    expect(importsOf('app.ts')).toContain('node:http');
    expect(importsOf('open-gateway.ts')).toContain('@sagewai/server/open');
    expect(importsOf('main.ts')).toContain('./start-edge.ts');
  });

  test('what is mounted where depends on nothing', () => {
    expect(importsOf('mount.ts')).toEqual([]);
  });

  test('the adapter knows neither the gateway nor the way out nor the settings', () => {
    const foreign = importsOf('app.ts').filter((name) => /server|egress|config|undici/.test(name));
    expect(foreign).toEqual([]);
  });

  test('the command adapts nothing: it reads the environment, starts and stops', () => {
    const own = importsOf('main.ts').filter((name) => name.startsWith('./'));
    expect(own).toEqual(['./config.ts', './mount.ts', './start-edge.ts']);
  });

  test('the planes are loaded only where the gateway is in this process', () => {
    const loading = ['main.ts', 'start-edge.ts', 'app.ts', 'remote-target.ts', 'forward.ts']
      .flatMap(importsOf)
      .filter((name) => name.startsWith('@sagewai/server'));
    expect(loading).toEqual(['@sagewai/server/stop-signal']);
  });
});
