import { type Fallbacks, NO_FALLBACKS } from '../routing/fallbacks.ts';
import { type Routing, STRATEGIES, type Strategy } from '../routing/routing.ts';
import type { Section } from './section.ts';

/** What a file says about routing; the rest is as it was. */
export function readRouter(
  router: Section,
  litellm: Section,
  { routing, models }: { readonly routing: Routing; readonly models: ReadonlySet<string> },
): Routing {
  /** LiteLLM knows many of these in both places; the router's own wins. */
  const either = <Value>(read: (section: Section) => Value | undefined): Value | undefined => {
    const [own, other] = [read(router), read(litellm)];
    return own ?? other;
  };
  const { retry } = routing;
  const isCooling = router.flag('disable_cooldowns') !== true;
  const timeoutMs = either((of) => of.seconds(of === litellm ? 'request_timeout' : 'timeout'));
  return {
    strategy: readStrategy(router) ?? routing.strategy,
    retry: {
      ...retry,
      retries: either((of) => of.count('num_retries', COUNT)) ?? retry.retries,
      retryAfterMs: router.seconds('retry_after') ?? retry.retryAfterMs,
    },
    allowedFails: either((of) => of.count('allowed_fails', COUNT)) ?? routing.allowedFails,
    cooldownMs: isCooling ? (either((of) => of.seconds('cooldown_time')) ?? routing.cooldownMs) : 0,
    timeoutMs: timeoutMs ?? routing.timeoutMs,
    firstTokenMs: router.seconds('stream_timeout') ?? routing.firstTokenMs,
    latencyTtlMs: router.seconds('routing_strategy_args.ttl') ?? routing.latencyTtlMs,
    fallbacks: readFallbacks(router, litellm, models),
    hedging: readHedging(router, models),
    aliases: readAliases(router, models),
  };
}

const UNLISTED = 'no such model in model_list; it is used if a provider lists it';
const COUNT = { what: 'a count', min: 0 };

function readStrategy(router: Section): Strategy | undefined {
  const said = router.text('routing_strategy');
  if (said === undefined) return undefined;
  const strategy = STRATEGIES.find((each) => each === said.replace(/-v2$/, ''));
  if (strategy === undefined) {
    router.mistake('routing_strategy', `unknown; known are ${STRATEGIES.join(', ')}`);
  }
  return strategy;
}

const KINDS = {
  generic: 'fallbacks',
  context: 'context_window_fallbacks',
  contentPolicy: 'content_policy_fallbacks',
  budget: 'budget_fallbacks',
} as const;

function readFallbacks(router: Section, litellm: Section, models: ReadonlySet<string>): Fallbacks {
  const place = (name: string): Section => (router.has(name) ? router : litellm);
  const chains = (name: string): Map<string, readonly string[]> =>
    readChains(place(name), name, models);
  const generic = chains(KINDS.generic);
  const byDefault = place('default_fallbacks').names('default_fallbacks') ?? generic.get('*') ?? [];
  return {
    ...NO_FALLBACKS,
    generic,
    context: chains(KINDS.context),
    contentPolicy: chains(KINDS.contentPolicy),
    budget: chains(KINDS.budget),
    byDefault,
    max: place('max_fallbacks').count('max_fallbacks', COUNT) ?? NO_FALLBACKS.max,
  };
}

/** `[{a: [b, c]}, {d: [e]}]`. */
function readChains(
  section: Section,
  name: string,
  models: ReadonlySet<string>,
): Map<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  if (!section.has(name)) return chains;
  const items = section.items(name);
  if (items === undefined) {
    section.mistake(name, 'expected a list like [{model: [another, a third]}]');
    return chains;
  }
  for (const item of items) {
    for (const model of item.keys() ?? []) {
      const chain = item.names(model);
      if (chain === undefined) continue;
      for (const each of [model, ...chain].filter((named) => named !== '*' && !models.has(named))) {
        item.notice(model, `${each}: ${UNLISTED}`);
      }
      chains.set(model, chain);
    }
  }
  return chains;
}

/** Not LiteLLM's: `hedge_after: 800ms`, or one for each model. */
function readHedging(router: Section, models: ReadonlySet<string>): Routing['hedging'] {
  const ofModelMs = new Map<string, number>();
  for (const model of router.keys('hedge_after') ?? []) {
    const after = readAfter(router, `hedge_after.${model}`);
    if (after !== undefined) ofModelMs.set(model, after);
    if (!models.has(model)) {
      router.notice('hedge_after', `${model}: ${UNLISTED}`);
    }
  }
  return { byDefaultMs: readAfter(router, 'hedge_after') ?? null, ofModelMs };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000 };

function readAfter(section: Section, path: string): number | undefined {
  const text = section.text(path);
  if (text === undefined) return undefined;
  const [, count = '', unit = 's'] = /^(\d{1,6}(?:\.\d{1,6})?)(ms|s)?$/.exec(text) ?? [];
  const ms = Math.ceil(Number(count || Number.NaN) * (UNITS[unit] ?? Number.NaN));
  if (ms > 0) return ms;
  section.mistake(path, 'expected a time like 800ms or 2s');
  return undefined;
}

function readAliases(router: Section, models: ReadonlySet<string>): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  const names = router.keys('model_group_alias');
  if (names === undefined && router.has('model_group_alias')) {
    router.mistake('model_group_alias', 'expected names and their models');
  }
  for (const name of names ?? []) {
    // LiteLLM also knows {model: …, hidden: …} here.
    const path = `model_group_alias.${name}`;
    const model = router.text(path) ?? router.text(`${path}.model`);
    if (model === undefined) {
      router.mistake(path, 'expected a model');
      continue;
    }
    if (!models.has(model)) router.notice(path, `${model}: ${UNLISTED}`);
    aliases.set(name, model);
  }
  return aliases;
}
