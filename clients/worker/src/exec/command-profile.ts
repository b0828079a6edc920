/**
 * A command that the operator of a worker lets runs ask for, by its name. Runs never say what is started: they say
 * which of these, and what it is given on its standard input.
 */
export interface CommandProfile {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Names of the worker's variables that it sees, beside `PATH` and what the run is called. */
  readonly env: readonly string[];
  /** Where it starts, in its container if it has one. Unless said: the image's, or an empty folder that is removed after it. */
  readonly cwd: string | null;
  readonly timeoutMs: number;
  /** What it may say on its standard output. */
  readonly outputBytesMax: number;
  /** Started within one; null: as a process of this machine, as the worker's user. */
  readonly container: Container | null;
}

export interface Container {
  readonly image: string;
  /** `docker`, `podman`, or another that takes their arguments. */
  readonly runtime: string;
  readonly network: string;
  readonly memory: string | null;
  readonly cpus: string | null;
}

export const COMMAND_DEFAULTS = {
  timeoutMs: 600_000,
  outputBytesMax: 1_048_576,
  runtime: 'docker',
  network: 'none',
} as const;

export type CommandTable = ReadonlyMap<string, CommandProfile>;

/** A command that trains a model: it is given a dataset and a folder, and leaves there what came of it. */
export interface TrainerProfile extends CommandProfile {
  readonly baseModels: readonly string[];
}

export type TrainerTable = ReadonlyMap<string, TrainerProfile>;

/** What an operator's file says. */
export interface ExecFile {
  readonly commands: CommandTable;
  readonly trainers: TrainerTable;
}
