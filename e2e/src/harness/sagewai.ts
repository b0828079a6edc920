import { fileURLToPath } from 'node:url';

import { cleanEnvironment } from './environment.ts';
import { type End, type Running, type Start, startProcess } from './process.ts';
import type { Stage } from './stage.ts';

export const LAUNCHER = fileURLToPath(
  new URL('../../../apps/launcher/bin/sagewai.js', import.meta.url),
);

export type Environment = Readonly<Record<string, string | undefined>>;

/** Any command of ours, by the bin that users have. */
export function startSagewai(
  stage: Stage,
  words: readonly string[],
  options: Partial<Omit<Start, 'command' | 'words' | 'environment'>> & {
    environment?: Environment;
    launcher?: string;
  } = {},
): Running {
  const {
    environment = {},
    launcher = LAUNCHER,
    name = words.slice(0, 2).join(' '),
    ...rest
  } = options;
  return startProcess(stage, {
    name,
    command: process.execPath,
    words: [launcher, ...words],
    environment: cleanEnvironment(environment),
    ...rest,
  });
}

export interface Result extends End {
  readonly stdout: string;
  /** Both streams. */
  readonly text: string;
}

/** Runs a command to its end. */
export async function runSagewai(
  stage: Stage,
  words: readonly string[],
  environment: Environment = {},
): Promise<Result> {
  const running = startSagewai(stage, words, { environment });
  const end = await running.ended;
  return { ...end, stdout: running.stdout(), text: running.text() };
}
