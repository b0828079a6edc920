import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BenchName, Figure } from './figure.ts';
import { type Options, type OwnOption, readOptions } from './options.ts';
import { figuresAsJson, figuresAsTable } from './print-figures.ts';
import { createTeardown, type Teardown } from './teardown.ts';

/** What every benchmark is given to work with. */
export interface Bench {
  readonly options: Options;
  readonly env: NodeJS.ProcessEnv;
  readonly teardown: Teardown;
  /** A folder for data and logs, gone at the end. */
  readonly folder: string;
  /** Progress, on stderr. */
  say(line: string): void;
  /** What the reader of the figures must know beside them. */
  note(line: string): void;
}

export interface Result {
  readonly figures: readonly Figure[];
  /** False when our own side answered wrongly: then its speed means nothing. */
  readonly isSound: boolean;
}

interface Start {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly own?: readonly OwnOption[];
  /** Of one that is not `--quick`, where it is meant to take long. */
  readonly limitMs?: number;
}

const LIMIT_MS = { quick: 240_000, full: 20 * 60_000 };

/** Runs a benchmark to its end, its failure, Ctrl-C or its limit, and leaves nothing running behind. */
export async function runBench(
  name: BenchName,
  { args, env, own = [], limitMs: fullMs = LIMIT_MS.full }: Start,
  measure: (bench: Bench) => Promise<Result>,
): Promise<void> {
  const reading = readOptions(args, own);
  if (reading.kind !== 'options') {
    if (reading.kind === 'mistake') console.error(`Unknown option ${reading.argument}.`);
    console.error(
      `Usage: npm run bench:${name} -- ${['--quick', '--json', ...own].map((one) => `[${one}]`).join(' ')}`,
    );
    process.exitCode = reading.kind === 'mistake' ? 2 : 0;
    return;
  }
  const { options } = reading;
  const say = (line: string): void => console.error(line);
  const teardown = createTeardown(say);
  const notes: string[] = [];
  const giveUp = (line: string, code: number): void => {
    say(line);
    void teardown.run().then(() => process.exit(code));
  };
  process.on('SIGINT', () => giveUp('Interrupted: stopping what was started.', 130));
  process.on('SIGTERM', () => giveUp('Terminated: stopping what was started.', 143));
  const limitMs = options.quick ? LIMIT_MS.quick : fullMs;
  const limit = setTimeout(
    () => giveUp(`Not done after ${limitMs / 1000} s: stopping.`, 1),
    limitMs,
  );

  try {
    const folder = mkdtempSync(join(tmpdir(), `sagewai-bench-${name}-`));
    teardown.defer('its folder', async () => rmSync(folder, { recursive: true, force: true }));
    const bench = { options, env, teardown, folder, say, note: (line: string) => notes.push(line) };
    const { figures, isSound } = await measure(bench);
    console.log(options.json ? figuresAsJson(figures) : figuresAsTable(figures));
    if (!isSound) process.exitCode = 1;
  } catch (cause) {
    say(
      `The benchmark failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
    );
    process.exitCode = 1;
  } finally {
    for (const line of notes) (options.json ? console.error : console.log)(`- ${line}`);
    await teardown.run();
    clearTimeout(limit);
  }
}
