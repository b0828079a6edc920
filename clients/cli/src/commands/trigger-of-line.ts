import type { CallInput } from '@sagewai/sdk';

import type { ConnectionFlags } from '../context.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';

export type NewTrigger = NonNullable<CallInput<'triggers.createTrigger'>['body']>;
type Scheme = NonNullable<NewTrigger['webhook']>['scheme'];
export const SCHEMES: readonly Scheme[] = [
  'standard',
  'github',
  'stripe',
  'slack',
  'hmac',
  'bearer',
];

export interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly webhook?: Scheme;
  readonly poll?: string;
  readonly every?: number;
  readonly items?: string;
  readonly itemKey?: string;
  readonly first?: 'skip' | 'start';
  readonly cron?: string;
  readonly timeZone?: string;
  readonly header?: string;
  readonly deliveryId?: string;
  readonly perMinute?: number;
  readonly secretFile?: string;
  readonly filter?: string;
  readonly run: string;
  readonly disabled?: boolean;
}

/** What a file holds, as JSON. */
export async function fromFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readInput(file)) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${file} is not JSON: ${error.message}`);
    throw error;
  }
}

export async function secretOf(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await readInput(file)).trim();
}

export function kindOf(
  flags: CreateFlags,
): Pick<NewTrigger, 'kind' | 'webhook' | 'poller' | 'cron'> {
  const { webhook, poll, cron, every, header } = flags;
  if ([webhook, poll, cron].filter((kind) => kind !== undefined).length !== 1) {
    throw new UsageError('say one of --webhook, --poll and --cron');
  }
  if (webhook !== undefined) {
    const options = optional({
      header,
      delivery_id: flags.deliveryId,
      per_minute: flags.perMinute,
    });
    return { kind: 'webhook', webhook: { scheme: webhook, ...options } };
  }
  if (poll !== undefined) {
    if (every === undefined) throw new UsageError('say how often it is asked: --every');
    const options = optional({
      items: flags.items,
      item_key: flags.itemKey,
      first_poll: flags.first,
      header,
    });
    return { kind: 'poller', poller: { url: poll, every_seconds: every, ...options } };
  }
  const options = optional({ time_zone: flags.timeZone });
  return { kind: 'cron', cron: { cron: cron ?? '', ...options } };
}

/** Without what was not said. */
export function optional<Of extends object>(
  given: Of,
): { [Name in keyof Of]?: Exclude<Of[Name], undefined> } {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [Name in keyof Of]?: Exclude<Of[Name], undefined> };
}
