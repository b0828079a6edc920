import type { TrainerTable } from '../exec/command-profile.ts';

export interface FinetuneInput {
  readonly trainer: string;
  readonly base_model: string;
  /** What the result is called. */
  readonly name: string;
  readonly dataset: { readonly artifact: string } | { readonly records: readonly object[] };
  readonly lora?: LoraSettings;
  readonly training?: TrainingSettings;
}

export interface LoraSettings {
  readonly rank?: number;
  readonly alpha?: number;
  readonly dropout?: number;
  readonly target_modules?: readonly string[];
}

export interface TrainingSettings {
  readonly epochs?: number;
  readonly learning_rate?: number;
  readonly batch_size?: number;
  readonly sequence_length?: number;
  readonly seed?: number;
}

export const LORA_DEFAULTS = { rank: 16, alpha: 16, dropout: 0 } as const;
export const TRAINING_DEFAULTS = {
  epochs: 1,
  learning_rate: 2e-4,
  batch_size: 2,
  seed: 3407,
} as const;

const settings = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  properties,
  additionalProperties: false,
});
const integer = (minimum: number, maximum: number): object => ({
  type: 'integer',
  minimum,
  maximum,
});

/** Of the trainers of this worker, so that a submission that nobody can do answers 422. */
export const finetuneSchema = (trainers: TrainerTable): Readonly<Record<string, unknown>> => ({
  type: 'object',
  properties: {
    trainer: { type: 'string', enum: [...trainers.keys()] },
    base_model: {
      type: 'string',
      enum: [...new Set([...trainers.values()].flatMap(({ baseModels }) => baseModels))],
    },
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' },
    dataset: {
      anyOf: [
        {
          type: 'object',
          properties: { artifact: { type: 'string' } },
          required: ['artifact'],
          additionalProperties: false,
        },
        {
          type: 'object',
          properties: {
            records: { type: 'array', minItems: 1, maxItems: 10_000, items: { type: 'object' } },
          },
          required: ['records'],
          additionalProperties: false,
        },
      ],
    },
    lora: settings({
      rank: integer(1, 512),
      alpha: integer(1, 2_048),
      dropout: { type: 'number', minimum: 0, maximum: 1 },
      target_modules: { type: 'array', maxItems: 64, items: { type: 'string', maxLength: 100 } },
    }),
    training: settings({
      epochs: integer(1, 100),
      learning_rate: { type: 'number', minimum: 0, maximum: 1 },
      batch_size: integer(1, 4_096),
      sequence_length: integer(1, 1_048_576),
      seed: integer(0, 4_294_967_295),
    }),
  },
  required: ['trainer', 'base_model', 'name', 'dataset'],
  additionalProperties: false,
});
