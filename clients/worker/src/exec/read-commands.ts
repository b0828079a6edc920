import { parse } from 'yaml';

import {
  COMMAND_DEFAULTS,
  type CommandProfile,
  type Container,
  type ExecFile,
  type TrainerProfile,
} from './command-profile.ts';

/** What is wrong with the file, for its operator. */
export class CommandsFileError extends Error {
  override readonly name = 'CommandsFileError';
}

const NAME = /^[a-z][\w.-]{0,62}$/i;
/** Timers of Node hold no more milliseconds than 31 bits, and end at once with more. */
const SECONDS_MAX = 2_147_483;
/** Of a run's output, which is one text and goes to the server. */
const BYTES_MAX = 64 * 1_048_576;
const VARIABLE = /^[A-Za-z_]\w*$/;

/** `commands` and `trainers` of a file, by name. What is not known is refused, as it may be misspelt. */
export function readCommands(content: string): ExecFile {
  let file: unknown;
  try {
    file = parse(content, { logLevel: 'error' });
  } catch {
    throw new CommandsFileError('it is neither YAML nor JSON');
  }
  const { commands = {}, trainers = {} } = fieldsOf(file, 'the file', ['commands', 'trainers']);
  const named = Object.entries(recordOf(commands, 'commands'));
  const trained = Object.entries(recordOf(trainers, 'trainers'));
  if (named.length + trained.length === 0) throw new CommandsFileError('commands: there are none');
  return {
    commands: new Map(
      named.map(([name, profile]) => [name, profileOf(name, profile, 'commands', FIELDS)]),
    ),
    trainers: new Map(trained.map(([name, profile]) => [name, trainerOf(name, profile)])),
  };
}

const FIELDS = ['command', 'env', 'cwd', 'timeout_seconds', 'output_bytes_max', 'container'];

function trainerOf(name: string, value: unknown): TrainerProfile {
  const profile = profileOf(name, value, 'trainers', [...FIELDS, 'base_models']);
  const at = `trainers.${name}.base_models`;
  const baseModels = textsOf((value as { base_models?: unknown }).base_models, at);
  if (baseModels.length === 0) throw new CommandsFileError(`${at}: expected a model`);
  return { ...profile, baseModels };
}

function profileOf(
  name: string,
  value: unknown,
  section: string,
  fields: readonly string[],
): CommandProfile {
  if (!NAME.test(name)) throw new CommandsFileError(`${section}.${name}: is no name`);
  const at = `${section}.${name}`;
  const of = fieldsOf(value, at, fields);
  const command = textsOf(of['command'], `${at}.command`);
  if (command.length === 0) throw new CommandsFileError(`${at}.command: expected a program`);
  const env = of['env'] === undefined ? [] : textsOf(of['env'], `${at}.env`);
  const wrong = env.find((one) => !VARIABLE.test(one));
  if (wrong !== undefined) throw new CommandsFileError(`${at}.env: ${wrong} is no variable`);
  const seconds = numberOf(of['timeout_seconds'], `${at}.timeout_seconds`, SECONDS_MAX);
  const bytes = numberOf(of['output_bytes_max'], `${at}.output_bytes_max`, BYTES_MAX);
  return {
    command,
    env,
    cwd: of['cwd'] === undefined ? null : textOf(of['cwd'], `${at}.cwd`),
    timeoutMs: seconds === null ? COMMAND_DEFAULTS.timeoutMs : seconds * 1_000,
    outputBytesMax: bytes ?? COMMAND_DEFAULTS.outputBytesMax,
    container: of['container'] === undefined ? null : containerOf(of['container'], at),
  };
}

function containerOf(value: unknown, of: string): Container {
  const at = `${of}.container`;
  const { image, runtime, network, memory, cpus } = fieldsOf(value, at, [
    'image',
    'runtime',
    'network',
    'memory',
    'cpus',
  ]);
  const optional = (one: unknown, name: string): string | null =>
    one === undefined ? null : textOf(typeof one === 'number' ? String(one) : one, `${at}.${name}`);
  return {
    image: textOf(image, `${at}.image`),
    runtime: optional(runtime, 'runtime') ?? COMMAND_DEFAULTS.runtime,
    network: optional(network, 'network') ?? COMMAND_DEFAULTS.network,
    memory: optional(memory, 'memory'),
    cpus: optional(cpus, 'cpus'),
  };
}

function recordOf(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CommandsFileError(`${at}: expected names with values`);
}

function fieldsOf(value: unknown, at: string, known: readonly string[]): Record<string, unknown> {
  const record = recordOf(value, at);
  const unknown = Object.keys(record).find((name) => !known.includes(name));
  if (unknown === undefined) return record;
  throw new CommandsFileError(`${at}: ${unknown} is not known; expected ${known.join(', ')}`);
}

function textOf(value: unknown, at: string): string {
  // What starts with a dash would be an option of whatever reads it.
  if (typeof value === 'string' && value !== '' && !value.startsWith('-')) return value;
  throw new CommandsFileError(`${at}: expected text`);
}

function textsOf(value: unknown, at: string): readonly string[] {
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  if (isList) return value as string[];
  throw new CommandsFileError(`${at}: expected a list of texts`);
}

function numberOf(value: unknown, at: string, max: number): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number' && value > 0 && value <= max) return value;
  throw new CommandsFileError(`${at}: expected a number above 0, and up to ${max}`);
}
