/**
 * The Model Context Protocol's own conformance suite against a server of ours, and against it as a client:
 * `npm run check:long -- --only conformance`. What is expected to fail stands in `expected-failures.ts`, with why; what
 * fails beside it, or passes although it stands there, is a failure. Where the suite cannot be installed it says so.
 */
import { spawn } from 'node:child_process';
import { createServer as createHttpServer, request, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { bearer } from '../harness/api.ts';
import { startPostgres } from '../harness/database.ts';
import { createServer } from '../harness/server.ts';
import { openStage } from '../harness/stage.ts';
import { CLIENT_FAILS, SERVER_FAILS } from './expected-failures.ts';
import { installSuite, SUITE_VERSION } from './install-suite.ts';
import { answerMcp, CONTENTS } from './remote-tools.ts';

const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url));
const TOKEN_NAME = 'conformance';

const installed = await installSuite();
if (installed.kind === 'missing') {
  console.log(`The suite ${SUITE_VERSION} cannot be installed here: ${installed.why}`);
  process.exitCode = process.env['REQUIRE_ALL'] === '1' ? 1 : 0;
} else {
  await using stage = await openStage();
  const postgres = await startPostgres(stage);
  const server = await createServer(stage, {
    databaseUrl: postgres.url,
    environment: { TOOL_PRIVATE_HOSTS: 'localhost,127.0.0.1' },
  });
  await server.ready();
  const { token } = await server.askWell('/api/v1/tokens', {
    headers: { 'x-organization': 'default' },
    body: { name: TOKEN_NAME, scopes: ['admin'] },
  });
  const headers = bearer(String(token));

  const echo = await listen((incoming, answer) => {
    answer.statusCode = incoming.url === '/error' ? 400 : 200;
    answer.end('This is a simple text response for testing.');
  });
  stage.defer('the tool', () => close(echo.server));
  for (const [name, path] of [
    ['test_simple_text', '/text'],
    ['test_error_handling', '/error'],
  ]) {
    const http = { method: 'POST', url: `${echo.url}${path}` };
    const body = { name, kind: 'http', mode: 'network', description: name, http };
    await server.askWell('/api/v1/tools', { headers, body });
  }
  const remote = await listen((incoming, answer) => {
    void answerMcp(incoming, answer);
  });
  stage.defer('the MCP server', () => close(remote.server));
  for (const name of Object.keys(CONTENTS)) {
    const body = {
      name,
      kind: 'mcp',
      mode: 'network',
      description: name,
      mcp: { url: remote.url },
    };
    await server.askWell('/api/v1/tools', { headers, body });
  }
  // The suite brings no credentials along.
  const front = await listen((incoming, answer) => {
    const forwarded = request(
      `${server.url}${incoming.url}`,
      { method: incoming.method ?? 'GET', headers: { ...incoming.headers, ...headers } },
      (back) => {
        answer.writeHead(back.statusCode ?? 502, back.headers);
        back.pipe(answer);
      },
    );
    forwarded.on('error', () => answer.destroy());
    incoming.pipe(forwarded);
  });
  stage.defer('the front', () => close(front.server));

  let failed = 0;
  for (const revision of REVISIONS) {
    const environment = { CONFORMANCE_SERVER: server.url, CONFORMANCE_TOKEN: String(token) };
    const url = `http://localhost:${new URL(front.url).port}/mcp`;
    const legs = [
      ['server', ['--url', url], SERVER_FAILS[revision]],
      ['client', ['--command', `${process.execPath} ${CLIENT}`], CLIENT_FAILS[revision]],
    ] as const;
    for (const [leg, words, expected] of legs) {
      const said = await run(
        [leg, ...words, '--requirements', revision, '-o', stage.folder],
        environment,
      );
      failed += judge(`${leg} ${revision}`, said, expected);
    }
  }
  process.exitCode = failed > 0 ? 1 : 0;

  function run(words: readonly string[], more: Readonly<Record<string, string>>): Promise<string> {
    const entry = installed.kind === 'installed' ? installed.entry : '';
    const child = spawn(process.execPath, [entry, ...words], {
      cwd: stage.folder,
      env: { PATH: process.env['PATH'] ?? '', ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return text(child.stdout);
  }
}

/** Tells each scenario's end; how many are not as expected. Those that a revision does not require are left out. */
function judge(leg: string, said: string, expected: Readonly<Record<string, string>>): number {
  const notScored = new Set([...said.matchAll(/^ {2}[✓✗] (\S+) \(/gm)].map(([, name]) => name));
  const ends = [...said.matchAll(/^([✓✗]) (\S+): \d+ passed/gm)]
    .map(([, sign, name = '']) => ({ name, passed: sign === '✓' }))
    .filter(({ name }) => !notScored.has(name));
  const reasonFor = (name: string): string | undefined =>
    Object.entries(expected).find(([pattern]) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    )?.[1];
  const passed = ends.filter((end) => end.passed);
  const wrong = ends.filter((end) => !end.passed && reasonFor(end.name) === undefined);
  const better = Object.keys(expected).filter((name) => passed.some((end) => end.name === name));
  console.log(`---- ${leg}: ${passed.length} of ${ends.length} scenarios pass`);
  for (const { name } of passed) console.log(`  ok   ${name}`);
  for (const { name } of ends.filter((end) => !end.passed)) {
    console.log(
      `  ${reasonFor(name) === undefined ? 'FAIL' : 'not '} ${name}: ${reasonFor(name) ?? 'not expected'}`,
    );
  }
  for (const name of better)
    console.log(`  FAIL ${name} passes: it is no expected failure any more`);
  if (ends.length === 0) console.log(said);
  return ends.length === 0 ? 1 : wrong.length + better.length;
}

async function listen(
  handle: Parameters<typeof createHttpServer>[1] & {},
): Promise<{ readonly server: HttpServer; readonly url: string }> {
  const server = createHttpServer(handle as never);
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve);
  });
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` };
}

function close(server: HttpServer): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
