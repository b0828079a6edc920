import type { Submission } from '@sagewai/sdk';

import { UsageError } from '../usage-error.ts';

export interface SubmissionDefaults {
  readonly agent: string;
  readonly model: string | undefined;
  readonly system: string | undefined;
  /** Fields of every submission: pool, labels, priority, … */
  readonly common: Omit<Submission, 'payload'>;
}

/** Where common data sets keep what is to be said, in the order in which they are looked for. */
const MESSAGE_FIELDS = ['message', 'turns', 'prompt', 'question', 'input'] as const;

/**
 * One line of a file of submissions. A line with a `payload` is a submission as the API takes it; in
 * any other, the first of `message`, `turns`, `prompt`, `question`, `input` is what an agent is asked.
 */
export function submissionOfLine(
  line: string,
  lineNumber: number,
  defaults: SubmissionDefaults,
): Submission {
  const record = parse(line, lineNumber);
  if (record['payload'] !== undefined) return { ...defaults.common, ...record } as Submission;
  const field = MESSAGE_FIELDS.find((name) => record[name] !== undefined);
  if (!field) {
    throw new UsageError(
      `line ${lineNumber}: expected a payload, or one of ${MESSAGE_FIELDS.join(', ')}`,
    );
  }
  return agentSubmission(record[field], defaults);
}

/** A payload of the caller's own; the model only routes the run. */
export function payloadSubmission(text: string, { model, common }: SubmissionDefaults): Submission {
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--payload: ${(error as Error).message}`);
  }
  if (!isRecord(payload)) throw new UsageError('--payload: expected a JSON object');
  return { ...common, ...(model === undefined ? {} : { model }), payload };
}

/** The built-in workflow's payload around one message (or list of turns). */
export function agentSubmission(message: unknown, defaults: SubmissionDefaults): Submission {
  const { agent, model, system, common } = defaults;
  return {
    ...common,
    ...(model === undefined ? {} : { model }),
    payload: {
      agent: {
        name: agent,
        ...(model === undefined ? {} : { model }),
        ...(system === undefined ? {} : { system }),
      },
      message,
    },
  };
}

function parse(line: string, lineNumber: number): Record<string, unknown> {
  try {
    const record: unknown = JSON.parse(line);
    if (isRecord(record)) return record;
  } catch {
    // Told below, with the number of the line: the parser's own words do not help.
  }
  throw new UsageError(`line ${lineNumber}: expected a JSON object`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
