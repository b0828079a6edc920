import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { discardEmbeddedPostgres } from '@sagewai/embedded-postgres';

import type { Running } from './process.ts';

/**
 * Longest that one undoing may take; the next is tried whatever becomes of it. Dropping a database waits for
 * every process of its cluster, also those of tests beside it.
 */
const UNDO_MS_MAX = 90_000;
const LOG_LINES_MAX = 25;
const LOG_LINE_LENGTH_MAX = 600;

/** What one test, or one file of tests, has started: a folder, processes, and how to undo it all. */
export interface Stage {
  /** Empty at first, gone at the end; may be a `SAGEWAI_HOME`. */
  readonly folder: string;
  /** Undone in the opposite order, on success and on failure. */
  defer(name: string, undo: () => Promise<unknown>): void;
  /** Takes charge of a process: it is stopped at the end, and its log is told on failure. */
  adopt(process: Running): void;
  /** The end of every log, for people who look at a failure. */
  logs(): string;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  // Named as homes of tests are: what a killed run has left is removed by the next test run.
  const prefix = join(tmpdir(), `sagewai-test-${process.pid}-`);
  const folder = await realpath(await mkdtemp(prefix));
  const deferred: { name: string; undo: () => Promise<unknown> }[] = [];
  const processes: Running[] = [];
  deferred.push({ name: 'the folder', undo: () => remove(folder) });

  async function undoAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let last = deferred.pop(); last; last = deferred.pop()) {
      // One after another, on purpose: a server is stopped before the database it writes to.
      await within(last.undo(), last.name).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, `undoing failed:\n${logs()}`);
  }

  const logs = (): string =>
    processes.map((each) => `--- ${each.name}\n${tail(each.text())}`).join('\n');

  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= undoAll());
  return {
    folder,
    defer: (name, undo) => void deferred.push({ name, undo }),
    adopt: (process) => {
      processes.push(process);
      deferred.push({ name: process.name, undo: () => process.stop() });
    },
    logs,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** With a PostgreSQL that was left in it. */
async function remove(folder: string): Promise<void> {
  if ((await discardEmbeddedPostgres(folder)) === 'in-use') {
    throw new Error(`the PostgreSQL in ${folder} still has an owner`);
  }
  await rm(folder, { recursive: true, force: true });
}

const tail = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .slice(-LOG_LINES_MAX)
    .map((line) => line.slice(0, LOG_LINE_LENGTH_MAX))
    .join('\n');

async function within(work: Promise<unknown>, name: string): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`${name} was not undone after ${UNDO_MS_MAX} ms`)),
    UNDO_MS_MAX,
  );
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
