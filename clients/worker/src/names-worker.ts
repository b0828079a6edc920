/**
 * Whether a worker token is one worker's. A token of no worker yet is good for registrations. Only the
 * server can say whether it is valid.
 */
export function namesWorker(token: string): boolean {
  const claims = claimsOf(token);
  return claims === null || 'sub' in claims || !('jti' in claims);
}

/** The id of that worker; null when the token does not say it. */
export function workerNamedBy(token: string): string | null {
  const subject = claimsOf(token)?.['sub'];
  return typeof subject === 'string' ? subject : null;
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | null {
  try {
    const [, body = ''] = token.replace('wrt-1.', '').split('.');
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? { ...claims } : null;
  } catch {
    return null;
  }
}
