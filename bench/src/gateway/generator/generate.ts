import { setTimeout as pause } from 'node:timers/promises';

import { percentile } from '../../common/statistics.ts';
import { mistakeIn } from '../scripted-answer.ts';
import { openConnection } from './connection.ts';
import type { Load, Outcome } from './load.ts';

/** A gateway that drops connections is asked again, but not in a tight loop. */
const RECONNECT_MS = 20;

/** Keeps every connection busy for the time asked, then waits for the answers still under way. */
export async function generate(load: Load): Promise<Outcome> {
  const latenciesMs: number[] = [];
  let mistakes = 0;
  let mistake: string | null = null;
  const startedAt = performance.now();
  const endsAt = startedAt + load.seconds * 1000;

  async function keepBusy(index: number): Promise<void> {
    const port = load.ports[index % load.ports.length] ?? 0;
    const request = requestBytes(load, port);
    let connection = openConnection(port, request);
    let turn = index;
    while (performance.now() < endsAt) {
      if (load.perSecond !== null) {
        await pause(Math.max(0, startedAt + (turn * 1_000) / load.perSecond - performance.now()));
        turn += load.connections;
      }
      const sentAt = performance.now();
      try {
        // Each connection asks one thing after another.
        const answer = await connection.exchange();
        const wrong = mistakeIn(load.kind, answer);
        if (wrong === null) {
          latenciesMs.push(performance.now() - sentAt);
        } else {
          mistakes += 1;
          mistake ??= `${wrong}: ${answer.toString('utf8', 0, 320)}`;
        }
      } catch (cause) {
        mistakes += 1;
        mistake ??= (cause as Error).message;
        connection.close();
        await pause(RECONNECT_MS);
        connection = openConnection(port, request);
      }
    }
    connection.close();
  }

  await Promise.all(Array.from({ length: load.connections }, (_, index) => keepBusy(index)));
  return {
    answers: latenciesMs.length,
    mistakes,
    mistake,
    elapsedMs: performance.now() - startedAt,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

function requestBytes({ path, headers, body }: Load, port: number): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
