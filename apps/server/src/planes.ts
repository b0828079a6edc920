/** What a process may serve. */
export const PLANES: readonly string[] = [
  'identity',
  'trust',
  'ledger',
  'gateway',
  'fleet',
  'action',
  'decision',
  'intelligence',
  'engines',
];
