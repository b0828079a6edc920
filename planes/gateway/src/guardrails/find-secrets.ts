/**
 * Credentials by the forms that their makers gave them. Each begins as it does within a few characters,
 * and is matched to its end however long it is.
 */
import { findAll } from './matches.ts';

const AFTER = '(?<![A-Za-z0-9_])';
const of = (pattern: string, flags = 'g'): RegExp => new RegExp(AFTER + pattern, flags);

const RULES = [
  { what: 'AWS_ACCESS_KEY', pattern: of('(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16,}') },
  {
    what: 'AWS_SECRET_KEY',
    pattern: /(?:aws_secret_access_key|secretAccessKey)["'\s\\:=]{1,10}[A-Za-z0-9/+]{40,}/gi,
  },
  {
    what: 'GITHUB_TOKEN',
    pattern: of('(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})'),
  },
  { what: 'GITLAB_TOKEN', pattern: of('glpat-[A-Za-z0-9_-]{20,}') },
  { what: 'SLACK_TOKEN', pattern: of('xox[abeoprs]-[A-Za-z0-9-]{10,}') },
  {
    what: 'SLACK_WEBHOOK',
    pattern: of('hooks\\.slack\\.com/services/[A-Z0-9]{6,}/[A-Z0-9]{6,}/[A-Za-z0-9]{16,}'),
  },
  { what: 'GOOGLE_API_KEY', pattern: of('AIza[A-Za-z0-9_-]{35,}') },
  { what: 'STRIPE_KEY', pattern: of('[rs]k_(?:live|test)_[A-Za-z0-9]{16,}') },
  { what: 'NPM_TOKEN', pattern: of('npm_[A-Za-z0-9]{36,}') },
  // OpenAI's, Anthropic's, and our own: virtual keys, access tokens, and those of workers and runs.
  { what: 'API_KEY', pattern: of('(?:sk|sat)-[A-Za-z0-9_-]{20,}') },
  { what: 'SESSION_TOKEN', pattern: of('(?:wrt|rt)-1\\.[A-Za-z0-9_.-]{20,}') },
  { what: 'WEBHOOK_SECRET', pattern: of('whsec_[A-Za-z0-9+/=]{24,}') },
  // Both parts are objects of JSON, and so begin alike.
  {
    what: 'JSON_WEB_TOKEN',
    pattern: of('eyJ[A-Za-z0-9_-]{8,800}\\.eyJ[A-Za-z0-9_-]*(?:\\.[A-Za-z0-9_-]*)?'),
  },
  {
    what: 'PRIVATE_KEY',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
];

export const SECRETS = RULES.map(({ what }) => what);

export const findSecrets = findAll(RULES);
