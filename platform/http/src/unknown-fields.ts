import type { Surface } from '@sagewai/wire';

/**
 * What happens to a field that the schema does not name. Our own administration refuses it: a typing
 * error must not silently mean "the default". Workers may be one version ahead of or behind the server.
 * Model surfaces belong to somebody else, who adds fields every month.
 */
export const UNKNOWN_FIELDS = {
  own: 'refuse',
  fleet: 'drop',
  openai: 'pass',
  anthropic: 'pass',
  litellm: 'pass',
  sage: 'pass',
  ollama: 'pass',
  // RFC 7644, 3.1: a server leaves out what it does not know.
  scim: 'pass',
} as const satisfies Record<Surface, 'refuse' | 'drop' | 'pass'>;
