import { Fault } from '@sagewai/fault';
import * as oidc from 'openid-client';

/** In words that hold no token: messages of libraries may quote what they were given. */
export function explainFailure(thrown: unknown): string {
  if (thrown instanceof oidc.AuthorizationResponseError) {
    return `the provider answered ${plain(thrown.error)}`;
  }
  if (thrown instanceof oidc.WWWAuthenticateChallengeError) {
    return `the provider refused with ${plain(challengeOf(thrown))}`;
  }
  if (thrown instanceof oidc.ResponseBodyError) {
    return `the provider refused with ${plain(thrown.error)}`;
  }
  const fault = findFault(thrown);
  if (fault !== null) return fault.detail.replace(/\.$/, '');
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  const inner = (cause as { code?: unknown } | undefined)?.code;
  const known = [code, inner].map(String).find((each) => Object.hasOwn(WORDS, each));
  if (known !== undefined) return WORDS[known] ?? known;
  const named = [code, inner].find((each) => typeof each === 'string');
  return typeof named === 'string' ? plain(named) : 'it did not answer as OpenID Connect has it';
}

const challengeOf = ({ cause, status }: oidc.WWWAuthenticateChallengeError): string =>
  cause.find(({ parameters }) => parameters.error !== undefined)?.parameters.error ??
  `status ${status}`;

function findFault(thrown: unknown): Fault | null {
  for (let at = thrown, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof Fault) return at;
  }
  return null;
}

const plain = (text: string): string => text.replaceAll(/[^\w .:/-]/g, '').slice(0, 100);

const WORDS: Readonly<Record<string, string>> = {
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: 'a claim of its ID token is not what was expected',
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'its ID token has expired, or is not good yet',
  OAUTH_KEY_SELECTION_FAILED: 'its ID token is signed with a key that it does not publish',
  OAUTH_INVALID_RESPONSE: 'its answer is not one of OpenID Connect',
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: 'it calls itself by another name than the issuer',
  OAUTH_UNSUPPORTED_OPERATION: 'it uses an algorithm that is not accepted',
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'its answer has another status than expected',
  OAUTH_TIMEOUT: 'it did not answer in time',
  OAUTH_HTTP_REQUEST_FORBIDDEN: 'plain HTTP is for hosts that the operator has named',
  ECONNREFUSED: 'it does not accept connections',
  ENOTFOUND: 'its name is not known',
};
