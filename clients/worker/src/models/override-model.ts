export interface Asked {
  readonly model: string;
  /** The call names it, rather than the agent. */
  readonly isExplicit: boolean;
}

/**
 * The model that is really called. An override of the very model wins, whoever named it; `default`
 * replaces the agent's model, unless the call names one.
 */
export function overrideModel(
  { model, isExplicit }: Asked,
  overrides: Readonly<Record<string, string>>,
): string {
  const wanted = bareName(model);
  const exact = Object.hasOwn(overrides, model) && model !== DEFAULT ? overrides[model] : undefined;
  const alike = Object.entries(overrides).find(
    ([name]) => name !== DEFAULT && bareName(name) === wanted,
  )?.[1];
  const instead = isExplicit ? undefined : overrides[DEFAULT];
  return exact ?? alike ?? instead ?? model;
}

const DEFAULT = 'default';

/** `openai/GPT-4o` and `gpt-4o` are one model in two spellings. */
const bareName = (model: string): string => model.slice(model.indexOf('/') + 1).toLowerCase();
