/** A model of the scripted upstream, with prices in USD a token. */
export interface ScriptedModel {
  readonly name: string;
  readonly inputPrice?: number;
  readonly outputPrice?: number;
  readonly outputTokensMax?: number;
  /** Another place than the scripted upstream. */
  readonly url?: string;
}

/** Pico-USD a token; prices here are whole ones. */
export const picoOf = (usd: number): bigint => BigInt(Math.round(usd * 1e12));

/** A `litellm-config.yaml` (JSON is YAML) that serves these models from an OpenAI-compatible place. */
export function litellmConfig(url: string, models: readonly ScriptedModel[]): string {
  return JSON.stringify({
    model_list: models.map((model) => ({
      model_name: model.name,
      litellm_params: {
        model: `openai/${model.name}`,
        api_base: model.url ?? url,
        api_key: 'upstream-credential',
      },
      model_info: {
        input_cost_per_token: model.inputPrice ?? 0,
        output_cost_per_token: model.outputPrice ?? 0,
        max_output_tokens: model.outputTokensMax ?? 4_096,
      },
    })),
  });
}
