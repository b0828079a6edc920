import type { EngineOptions } from './engine.ts';

const NAMED = /^([A-Za-z0-9][\w-]{0,99})=(\/.+)$/;
const PLACE = /\{(\w+)\}/g;
const PLACES: readonly string[] = [
  'model',
  'port',
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'max_concurrent_requests',
  'files',
];

export interface Command {
  readonly name: string;
  readonly program: string;
  readonly words: readonly string[];
}

/** Null: they can be used. */
export function checkCommands(lines: readonly string[]): string | null {
  for (const line of lines) {
    const command = readCommand(line);
    if (command === null) return 'expected name=/program arguments';
    const places = command.words.flatMap((word) =>
      [...word.matchAll(PLACE)].map(([, name]) => name),
    );
    if (places.some((name) => !PLACES.includes(name ?? ''))) {
      return `expected no other places than ${PLACES.map((name) => `{${name}}`).join(' ')}`;
    }
    if (!places.includes('port')) return 'expected a {port} in every command line';
  }
  return null;
}

export function readCommand(line: string): Command | null {
  const [, name, rest] = NAMED.exec(line) ?? [];
  const [program, ...words] = (rest ?? '').split(/\s+/).filter((word) => word !== '');
  return name === undefined || program === undefined ? null : { name, program, words };
}

/** Whether it serves what a fine-tune has made. */
export const takesFiles = ({ words }: Pick<Command, 'words'>): boolean =>
  words.some((word) => word.includes('{files}'));

/** N2. A place is filled within its word: whatever is in it makes no second one. */
export function wordsFor(
  { words }: Command,
  of: { readonly model: string; readonly port: number; readonly options: EngineOptions },
): string[] {
  const { tensor_parallel_size: tensor = 1, pipeline_parallel_size: pipeline = 1 } = of.options;
  const filled: Readonly<Record<string, string>> = {
    model: of.model,
    port: String(of.port),
    tensor_parallel_size: String(tensor),
    pipeline_parallel_size: String(pipeline),
    max_concurrent_requests: String(of.options.max_concurrent_requests ?? 256),
    files: of.options.files ?? '',
  };
  return words.map((word) => word.replace(PLACE, (place, name: string) => filled[name] ?? place));
}
