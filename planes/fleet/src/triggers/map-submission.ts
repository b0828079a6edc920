import { valueChecker } from '@sagewai/http';
import { submission, submissionPart, type TriggeredRun } from '@sagewai/wire';

import type { Submission } from '../runs/submissions.ts';
import type { FilterMistake } from './filter.ts';
import { fillTemplate, findTemplateMistakes, hasPlaces } from './template.ts';
import type { Delivered } from './trigger.ts';

export type Mapped =
  | { readonly kind: 'mapped'; readonly submission: Submission }
  | { readonly kind: 'refused'; readonly why: string };

const RUN_BYTES_MAX = 65_536;

const mistakesOf = valueChecker(submission);
/** Of a template: what is filled in later may be missing. */
const mistakesOfPart = valueChecker(submissionPart);

/** What keeps it from being kept, by JSON pointer under `/run`; empty: nothing. */
export function findRunMistakes(run: TriggeredRun): FilterMistake[] {
  if (Buffer.byteLength(JSON.stringify(run)) > RUN_BYTES_MAX) {
    return [{ path: '/run', message: `may have ${RUN_BYTES_MAX} bytes` }];
  }
  const fixed = Object.fromEntries(Object.entries(run).filter(([, value]) => !hasPlaces(value)));
  return [
    ...findTemplateMistakes(run, '/run'),
    ...mistakesOfPart(fixed).map(({ path, message }) => ({ path: `/run${path}`, message })),
  ];
}

/** What a delivery asks to have run. */
export function mapSubmission(run: TriggeredRun, data: Delivered, charsMax: number): Mapped {
  const filled = fillTemplate(run, data, charsMax);
  if (filled.kind === 'refused') return filled;
  const [mistake] = mistakesOf(filled.value);
  if (mistake !== undefined) {
    return { kind: 'refused', why: `run${mistake.path} ${mistake.message}` };
  }
  return { kind: 'mapped', submission: filled.value as Submission };
}
