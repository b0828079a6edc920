import { Fault } from '@sagewai/fault';
import type {
  CronOptions,
  Mistake,
  PollerOptions,
  TriggeredRun,
  WebhookOptions,
} from '@sagewai/wire';

import { findFilterMistakes, type FilterMistake } from './filter.ts';
import { findRunMistakes } from './map-submission.ts';
import { hasPlaces } from './template.ts';
import type { TriggerRow } from './trigger.ts';

/** A trigger as it was asked for, old parts and new. */
export interface AskedTrigger {
  readonly kind: TriggerRow['kind'];
  readonly webhook?: WebhookOptions | undefined;
  readonly poller?: PollerOptions | undefined;
  readonly cron?: CronOptions | undefined;
  readonly filter: unknown;
  readonly run: TriggeredRun;
  readonly secret?: string | undefined;
}

/** Senders that make the secret themselves: it cannot be made here. */
const GIVES_ITS_OWN: ReadonlySet<string> = new Set(['stripe', 'slack']);
const STANDARD_SECRET = /^(whsec_)?[A-Za-z0-9+/]{16,}={0,2}$/;

/** Whether a secret is made here when none is given. */
export const makesSecret = ({ scheme }: WebhookOptions): boolean => !GIVES_ITS_OWN.has(scheme);

/** Throws what is wrong with it, all at once, each by its place. `isNew`: a secret has to come from somewhere. */
export function demandTrigger(asked: AskedTrigger, isNew: boolean): void {
  const found = [
    ...mistakesOfKind(asked),
    ...(asked.webhook === undefined ? [] : mistakesOfWebhook(asked.webhook, asked, isNew)),
    ...(asked.filter === null ? [] : findFilterMistakes(asked.filter).map(under('/filter'))),
    ...findRunMistakes(asked.run),
    ...(asked.kind === 'cron' ? mistakesOfCron(asked) : []),
  ];
  const mistakes = found.map(({ path, message }): Mistake => ({ part: 'body', path, message }));
  if (mistakes.length === 0) return;
  throw new Fault('request.invalid', 'a trigger cannot be kept', {
    detail: mistakes.map(({ path, message }) => `${path} ${message}`).join('; '),
    mistakes,
  });
}

function mistakesOfKind(asked: AskedTrigger): FilterMistake[] {
  const kinds = ['webhook', 'poller', 'cron'] as const;
  return kinds.flatMap((kind) => {
    const isGiven = asked[kind] !== undefined;
    if (kind === asked.kind) return isGiven ? [] : [{ path: `/${kind}`, message: 'is missing' }];
    return isGiven ? [{ path: `/${kind}`, message: `is for another kind than ${asked.kind}` }] : [];
  });
}

function mistakesOfWebhook(
  options: WebhookOptions,
  { secret }: AskedTrigger,
  isNew: boolean,
): FilterMistake[] {
  const { scheme } = options;
  const forHmac = (['header', 'algorithm', 'encoding', 'prefix'] as const)
    .filter((name) => scheme !== 'hmac' && options[name] !== undefined)
    .map((name) => ({ path: `/webhook/${name}`, message: 'is for the scheme hmac' }));
  const forPlain =
    options.delivery_id !== undefined && scheme !== 'hmac' && scheme !== 'bearer'
      ? [{ path: '/webhook/delivery_id', message: 'is for the schemes hmac and bearer' }]
      : [];
  const noHeader =
    scheme === 'hmac' && options.header === undefined
      ? [{ path: '/webhook/header', message: 'is missing: which header holds the signature?' }]
      : [];
  const noSecret =
    isNew && secret === undefined && !makesSecret(options)
      ? [{ path: '/secret', message: `is missing: ${scheme} makes it` }]
      : [];
  return [...forHmac, ...forPlain, ...noHeader, ...noSecret, ...mistakesOfSecret(options, secret)];
}

export function mistakesOfSecret(
  { scheme }: WebhookOptions,
  secret: string | undefined,
): FilterMistake[] {
  if (secret === undefined || scheme !== 'standard' || STANDARD_SECRET.test(secret)) return [];
  return [{ path: '/secret', message: 'must be whsec_ and base64 after it' }];
}

/** A schedule submits the same again and again. */
function mistakesOfCron({ filter, run, secret }: AskedTrigger): FilterMistake[] {
  return [
    ...(filter === null
      ? []
      : [{ path: '/filter', message: 'has nothing to look at: nothing comes in' }]),
    ...(secret === undefined ? [] : [{ path: '/secret', message: 'is not used by the clock' }]),
    ...(hasPlaces(run) ? [{ path: '/run', message: 'has {{…}}, and nothing comes in' }] : []),
    ...(['idempotency_key', 'delay_seconds'] as const)
      .filter((name) => run[name] !== undefined)
      .map((name) => ({ path: `/run/${name}`, message: 'is not for a schedule' })),
  ];
}

const under =
  (root: string) =>
  ({ path, message }: FilterMistake): FilterMistake => ({ path: `${root}${path}`, message });
