import { Secret } from '@sagewai/config';
import { isMap } from 'yaml';

import type { GoogleAccount } from '../providers/authorization.ts';
import type { FoundPlace } from './find-place.ts';
import { findValue, type FoundValue } from './find-value.ts';
import { leaveOut } from './leave-out.ts';
import type { Section } from './section.ts';

const CREDENTIALS = 'litellm_params.vertex_credentials';
const LOCATION = 'us-central1';
// Parts of a host and of a path.
const NAME = /^[a-z0-9][a-z0-9.:-]*$/;

const REFUSED = { kind: 'refused' } as const;

/** A model of Vertex AI: Gemini, or Claude. Its URL names the project and the location. */
export function findVertexPlace(
  entry: Section,
  upstreamModel: string,
  apiBase: FoundValue,
): FoundPlace {
  const project = findValue(entry, ['litellm_params.vertex_project']);
  const location = findValue(entry, ['litellm_params.vertex_location']);
  const credentials = findCredentials(entry);
  if ([apiBase, project, location, credentials].some(({ kind }) => kind === 'unset'))
    return { kind: 'disabled' };
  const publisher = publisherOf(upstreamModel);
  if (publisher === undefined) {
    const what = 'of Vertex AI, gemini-…, text-embedding-… and claude-… are known here';
    return leaveOut(entry, 'litellm_params.model', what);
  }
  const text = valueOf(credentials);
  const account = text === undefined ? undefined : readAccount(text);
  if (account === undefined) {
    const what = 'a service account is needed here: its JSON, or a file that holds it';
    return leaveOut(entry, CREDENTIALS, what);
  }
  const at = valueOf(location) ?? LOCATION;
  const of = valueOf(project) ?? account.projectId;
  if (of === undefined || !NAME.test(of) || !NAME.test(at)) {
    const path = of === undefined || !NAME.test(of) ? 'vertex_project' : 'vertex_location';
    entry.mistake(`litellm_params.${path}`, 'expected a name');
    return REFUSED;
  }
  const host = at === 'global' ? 'aiplatform.googleapis.com' : `${at}-aiplatform.googleapis.com`;
  const base = (valueOf(apiBase) ?? `https://${host}`).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/\s]/.test(base) || !URL.canParse(base)) {
    entry.mistake('litellm_params.api_base', 'expected a URL that starts with http:// or https://');
    return REFUSED;
  }
  return {
    kind: 'found',
    upstreamModel,
    endpoint: {
      provider: publisher === 'anthropic' ? 'vertex-claude' : 'vertex',
      baseUrl: `${base}/v1/projects/${of}/locations/${at}/publishers/${publisher}`,
      credential: account.key,
      authorization: account,
    },
  };
}

const valueOf = (found: FoundValue): string | undefined =>
  found.kind === 'given' ? found.value : undefined;

function publisherOf(model: string): 'google' | 'anthropic' | undefined {
  if (/^(?:gemini-|text-(?:multilingual-)?embedding-)/.test(model)) return 'google';
  return model.startsWith('claude-') ? 'anthropic' : undefined;
}

/** The text of the JSON, which may stand in the file, in the environment or in a file of its own. */
function findCredentials(entry: Section): FoundValue {
  const node = entry.node(CREDENTIALS);
  if (isMap(node)) return { kind: 'given', value: JSON.stringify(node.toJSON()) };
  const found = findValue(entry, [CREDENTIALS]);
  if (found.kind === 'unset') return found;
  const said = found.value ?? entry.environment('GOOGLE_APPLICATION_CREDENTIALS');
  const isFile = said !== undefined && !said.trimStart().startsWith('{');
  return { kind: 'given', value: isFile ? entry.readFile(said) : said };
}

function readAccount(text: string): GoogleAccount | undefined {
  let json: Readonly<Record<string, unknown>> | null;
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    return undefined;
  }
  const of = (name: string): string | undefined => {
    const value = json?.[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const email = of('client_email');
  const key = of('private_key');
  const tokenUrl = of('token_uri') ?? 'https://oauth2.googleapis.com/token';
  if (email === undefined || key === undefined || !/^https?:\/\/[^/\s]/.test(tokenUrl))
    return undefined;
  return {
    kind: 'google',
    email,
    key: new Secret(key),
    keyId: of('private_key_id'),
    tokenUrl,
    projectId: of('project_id'),
  };
}
