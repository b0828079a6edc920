import type { EnforcementMode } from '@sagewai/wire';

/** What an organization that is strict refuses. */
export type Finding = 'no_credential' | 'no_key_pair' | 'unbound_session' | 'unbound_call';

export const FINDINGS = {
  no_credential: 'it registers without an enrollment key or an access token',
  no_key_pair: 'it registers without a key pair',
  unbound_session: 'its session is not bound to a key pair',
  unbound_call: 'it calls with a credential that is not bound to a key pair',
} as const satisfies Record<Finding, string>;

export type Enforcement =
  | { readonly kind: 'allowed' }
  /** It goes on, and is written down. */
  | { readonly kind: 'noted'; readonly findings: readonly Finding[] }
  | { readonly kind: 'refused'; readonly finding: Finding };

export function enforce(mode: EnforcementMode, findings: readonly Finding[]): Enforcement {
  const [finding] = findings;
  if (finding === undefined || mode === 'off') return { kind: 'allowed' };
  return mode === 'warn' ? { kind: 'noted', findings } : { kind: 'refused', finding };
}
