/** What Ollama's clients ask about models. What only a machine of one's own could know is left empty. */
import type { JsonObject } from '../json.ts';

export interface ListedModel {
  readonly name: string;
  /** 64 hexadecimal digits, another for each model: clients cut them, and tell models apart by them. */
  readonly digest: string;
}

const DETAILS = {
  parent_model: '',
  format: '',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
};

/** The beginning of all time: clients parse it, and nobody knows a better one. */
const UNKNOWN_INSTANT = '1970-01-01T00:00:00Z';

/** The answer of `/api/tags`. */
export const ollamaModelList = (models: readonly ListedModel[]): JsonObject => ({
  models: models.map(({ name, digest }) => ({
    name,
    model: name,
    modified_at: UNKNOWN_INSTANT,
    size: 0,
    digest,
    details: DETAILS,
  })),
});

/** The answer of `/api/show`. */
export const ollamaModel = (of: {
  readonly owner: string;
  readonly contextTokensMax: number | undefined;
}): JsonObject => ({
  modelfile: '',
  parameters: '',
  template: '',
  details: { ...DETAILS, family: of.owner, families: [of.owner] },
  model_info: {
    'general.architecture': of.owner,
    ...(of.contextTokensMax === undefined
      ? {}
      : { [`${of.owner}.context_length`]: of.contextTokensMax }),
  },
  capabilities: ['completion', 'tools'],
  modified_at: UNKNOWN_INSTANT,
});
