import { readLitellmConfig } from '../config-file/read-litellm-config.ts';
import type { Deployment } from '../models/deployment.ts';
import { DEFAULT_ROUTING } from '../routing/routing.ts';

/** As LiteLLM's `/model/new` says it: an entry of `model_list`. */
export interface ModelSpec {
  readonly model_name: string;
  readonly litellm_params: Readonly<Record<string, unknown>>;
  readonly model_info: Readonly<Record<string, unknown>> & { readonly id: string };
}

export type ReadStored =
  | { readonly kind: 'read'; readonly deployment: Deployment }
  | {
      readonly kind: 'refused';
      readonly mistakes: readonly { readonly path: string; readonly what: string }[];
    };

/**
 * Reads an entry as the models file is read, so that both understand the same. It stands on its own: it
 * reaches into no environment (`os.environ/…`), and what is not known is a mistake.
 */
export function readStored(spec: ModelSpec, at: Date): ReadStored {
  const reaching = Object.keys(spec.litellm_params).filter((name) =>
    String(spec.litellm_params[name]).startsWith('os.environ/'),
  );
  if (reaching.length > 0) return { kind: 'refused', mistakes: reaching.map(ofEnvironment) };
  const read = readLitellmConfig(JSON.stringify({ model_list: [spec] }), {
    env: {},
    at,
    routing: DEFAULT_ROUTING,
  });
  const told = read.kind === 'refused' ? read.mistakes : read.notices;
  const [deployment] = read.kind === 'read' ? read.deployments : [];
  if (told.length === 0 && deployment !== undefined) return { kind: 'read', deployment };
  const mistakes = told.map(({ path, what }) => ({
    path: path.replace(/^model_list\[0\]\.?/, ''),
    what,
  }));
  return { kind: 'refused', mistakes };
}

const ofEnvironment = (name: string) => ({
  path: `litellm_params.${name}`,
  what: 'is the value itself here: os.environ is read in the configuration file only',
});
