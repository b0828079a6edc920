import { Secret } from '@sagewai/config';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';

import { CACHE_NOTHING, type CacheRules } from '../cache/read-controls.ts';
import type { Guardrail } from '../guardrails/guardrail.ts';
import type { Deployment } from '../models/deployment.ts';
import type { Routing } from '../routing/routing.ts';
import { readCache } from './read-cache.ts';
import { readDeployment } from './read-deployment.ts';
import { readGuardrails } from './read-guardrails.ts';
import { readRouter } from './read-router.ts';
import { refuseGuards } from './refuse-guards.ts';
import { type Environment, type Notice, type Reading, Section } from './section.ts';

export interface LitellmConfig {
  readonly kind: 'read';
  readonly deployments: readonly Deployment[];
  readonly routing: Routing;
  /** `general_settings.master_key`. */
  readonly masterKey: Secret | null;
  /** How often deployments are asked whether they are well; null: never. */
  readonly healthCheckMs: number | null;
  readonly cache: CacheRules;
  readonly guardrails: readonly Guardrail[];
  /** What is left out, and what nobody here listens to. */
  readonly notices: readonly Notice[];
}

/** A `litellm-config.yaml`. */
export interface FileOfModels {
  readonly text: string;
  readonly env: Environment;
  /** For files that it names; undefined where there is none. */
  readonly readFile?: (path: string) => string | undefined;
}

export type ReadLitellmConfig =
  | LitellmConfig
  | { readonly kind: 'refused'; readonly mistakes: readonly Notice[] };

/**
 * A `litellm-config.yaml`. All mistakes are reported together, each with its line, and none shows a value,
 * since any value may be a key. What is not known here is a notice: it is never ignored in silence.
 */
export function readLitellmConfig(
  text: string,
  of: {
    readonly env: Environment;
    readonly at: Date;
    readonly routing: Routing;
    readonly cache?: CacheRules;
    /** Left out: it may name none. */
    readonly readFile?: ((path: string) => string | undefined) | undefined;
  },
): ReadLitellmConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { logLevel: 'silent', lineCounter: lines });
  const [error] = document.errors;
  if (error) {
    return refuse(error.linePos?.[0].line ?? 1, '', `it is not YAML (${error.code})`);
  }
  const root = document.contents;
  if (!isMap(root) || (root.has('model_list') && !isSeq(root.get('model_list', true)))) {
    return refuse(1, 'model_list', 'expected a list of models');
  }
  const { env, readFile } = of;
  const reading: Reading = { document, lines, env, readFile, mistakes: [], notices: [] };
  const file = new Section(root, '', reading);
  if (!file.has('model_list')) file.notice('', 'there is no model_list');
  const { deployments, models } = readList(file, of.at);
  const under = (name: string): Section => new Section(file.node(name), name, reading);
  const [router, litellm, general] = [
    under('router_settings'),
    under('litellm_settings'),
    under('general_settings'),
  ];
  const routing = readRouter(router, litellm, { routing: of.routing, models });
  refuseGuards(router, 'router');
  refuseGuards(litellm, 'litellm');
  refuseGuards(general, 'general');
  const guardrails = readGuardrails(file);
  const cache = readCache(litellm, of.cache ?? CACHE_NOTHING);
  const masterKey = readMasterKey(general);
  const healthCheckMs = readHealthCheck(general);
  tellOutage(general);
  for (const section of [router, litellm, general, file]) section.noticeUnread();
  const { mistakes, notices } = reading;
  if (mistakes.length > 0) return { kind: 'refused', mistakes };
  const byLine = notices.toSorted((a, b) => a.line - b.line);
  return {
    kind: 'read',
    deployments,
    routing,
    masterKey,
    healthCheckMs,
    cache,
    guardrails,
    notices: byLine,
  };
}

function refuse(line: number, path: string, what: string): ReadLitellmConfig {
  return { kind: 'refused', mistakes: [{ line, path, what }] };
}

interface ModelList {
  readonly deployments: readonly Deployment[];
  /** Also those whose deployments are left out. */
  readonly models: ReadonlySet<string>;
}

function readList(file: Section, at: Date): ModelList {
  const seen = new Set<string>();
  const models = new Set<string>();
  const deployments = (file.items('model_list') ?? []).flatMap((entry, index) => {
    models.add(entry.text('model_name') ?? '');
    const read = readDeployment(entry, { at, index });
    if (read.kind !== 'read') return [];
    entry.noticeUnread();
    const { id } = read.deployment;
    if (seen.has(id)) entry.mistake('model_info.id', `${id} is there more than once`);
    seen.add(id);
    return [read.deployment];
  });
  return { deployments, models };
}

function readMasterKey(general: Section): Secret | null {
  const found = general.resolve('master_key');
  if (found.kind === 'unset')
    general.notice('master_key', `${found.name} is not set; there is none`);
  return found.kind === 'known' ? new Secret(found.value) : null;
}

const HEALTH_CHECK_MS = 300_000;
const ON_OUTAGE = 'allow_requests_on_db_unavailable';

/** There every call passes uncounted. Here keys say it, and the operator how much. */
function tellOutage(general: Section): void {
  if (general.flag(ON_OUTAGE) !== true) return;
  general.notice(
    ON_OUTAGE,
    'is said by keys (metadata.on_outage: open), within OUTAGE_OPEN_FOR and OUTAGE_OPEN_CENTS',
  );
}

function readHealthCheck(general: Section): number | null {
  const everyMs = general.seconds('health_check_interval') ?? HEALTH_CHECK_MS;
  return general.flag('background_health_checks') === true ? everyMs : null;
}
