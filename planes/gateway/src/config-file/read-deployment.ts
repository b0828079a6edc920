import {
  type Classification,
  CLASSIFICATIONS,
  isClassification,
} from '../classification/classification.ts';
import type { Deployment } from '../models/deployment.ts';
import { priceDeployment, type Stated } from '../models/price-deployment.ts';
import { flatPrice, type Price, ratesOf } from '../money/price.ts';
import type { Traffic } from '../routing/routing.ts';
import { findPlace } from './find-place.ts';
import { leaveOut } from './leave-out.ts';
import { readAudioRates, readMedia } from './read-media.ts';
import { refuseGuards } from './refuse-guards.ts';
import type { Section } from './section.ts';

export type ReadDeployment =
  | { readonly kind: 'read'; readonly deployment: Deployment }
  /** Left out, and the rest goes on: something of the environment is not set. */
  | { readonly kind: 'disabled' }
  /** Its mistakes are told. */
  | { readonly kind: 'refused' };

/** An entry of `model_list`. Prices are read from the text of the file: YAML would make floats of them. */
export function readDeployment(
  entry: Section,
  { at, index }: { readonly at: Date; readonly index: number },
): ReadDeployment {
  const model = entry.text('model_name');
  const named = entry.text('litellm_params.model');
  if (model === undefined || named === undefined) {
    entry.mistake(model === undefined ? 'model_name' : 'litellm_params.model', 'expected a name');
    return { kind: 'refused' };
  }
  if (model.includes('*') || named.includes('*')) {
    return leaveOut(entry, 'model_name', 'wildcards are not known here: list the models');
  }
  refuseGuards(entry, 'entry');
  const stated = readStated(entry);
  const traffic = readTraffic(entry);
  const cache = entry.flag('model_info.cache');
  const classificationMax = readClassification(entry);
  const id = entry.text('model_info.id') ?? `config-${index + 1}`;
  const place = findPlace(entry, named);
  if (place.kind !== 'found') return { kind: place.kind };
  const { endpoint, upstreamModel } = place;
  const { provider } = endpoint;
  return {
    kind: 'read',
    deployment: {
      id,
      model,
      upstreamModel,
      endpoint,
      ...priceDeployment(
        provider,
        entry.text('model_info.base_model')?.replace(/^azure\//, '') ?? upstreamModel,
        stated,
        at,
      ),
      ...(traffic ? { traffic } : {}),
      ...(cache === undefined ? {} : { cache }),
      ...(classificationMax === undefined ? {} : { classificationMax }),
    },
  };
}

function readClassification(entry: Section): Classification | undefined {
  const path = 'model_info.max_data_classification';
  const said = entry.text(path);
  if (said === undefined || isClassification(said)) return said;
  entry.mistake(path, `expected one of ${CLASSIFICATIONS.join(', ')}`);
  return undefined;
}

/** What such a model writes costs nothing; people leave the price of it out. */
const WITHOUT_OUTPUT: readonly string[] = ['embedding', 'rerank', 'moderation'];

const TOKENS = { what: 'a count of tokens' };

function readStated(entry: Section): Stated {
  // LiteLLM knows prices in both places; the nearer to the model wins.
  const place = entry.has('model_info.input_cost_per_token') ? 'model_info' : 'litellm_params';
  const hasInput = entry.text(`${place}.input_cost_per_token`) !== undefined;
  const said = entry.text(`${place}.output_cost_per_token`) !== undefined;
  const hasOutput = said || WITHOUT_OUTPUT.includes(entry.text('model_info.mode') ?? '');
  const input = entry.rate(`${place}.input_cost_per_token`);
  const output = said || !hasOutput ? entry.rate(`${place}.output_cost_per_token`) : 0n;
  if (hasInput !== hasOutput && (said || hasInput)) {
    entry.mistake(place, 'a price has input_cost_per_token and output_cost_per_token');
  }
  const cachedInput = entry.rate(`${place}.cache_read_input_token_cost`);
  const cacheWrite = entry.rate(`${place}.cache_creation_input_token_cost`);
  let price: Price | undefined;
  if (input !== undefined && output !== undefined) {
    const [inputAudio, outputAudio] = readAudioRates(entry);
    price = flatPrice(ratesOf({ input, output, cachedInput, cacheWrite, inputAudio, outputAudio }));
  }
  // In LiteLLM `max_tokens` is an older word for the limit of the output.
  const older = entry.count('model_info.max_tokens', TOKENS);
  return {
    price,
    media: readMedia(entry, price),
    outputTokensMax: entry.count('model_info.max_output_tokens', TOKENS) ?? older,
    contextTokensMax: entry.count('model_info.max_input_tokens', TOKENS),
  };
}

/** Undefined where the entry says nothing about it. */
function readTraffic(entry: Section): Traffic | undefined {
  const count = (name: string, what: string, min = 1): number | null =>
    entry.count(`litellm_params.${name}`, { what, min }) ?? null;
  const seconds = (name: string): number | null => entry.seconds(`litellm_params.${name}`) ?? null;
  const traffic: Traffic = {
    weight: count('weight', 'a weight, 0 or more', 0),
    order: count('order', 'a number, 0 or more', 0) ?? 0,
    requestsPerMinute: count('rpm', 'requests a minute'),
    tokensPerMinute: count('tpm', 'tokens a minute'),
    timeoutMs: seconds('timeout'),
    firstTokenMs: seconds('stream_timeout'),
    cooldownMs: seconds('cooldown_time'),
  };
  const says = Object.values(traffic).some((value) => value !== null && value !== 0);
  return says || traffic.weight === 0 || traffic.cooldownMs === 0 ? traffic : undefined;
}
