/** Scenarios that are required by a revision and fail, and why. `*` at the end: all that begin so. */
type Revision = '2025-11-25' | '2026-07-28';
type Reasons = Readonly<Record<Revision, Readonly<Record<string, string>>>>;

const TOOLS_ALONE = 'tools are offered, and nothing else of the protocol';
const NO_CALLBACK =
  'a call that needs more than its arguments is approved or refused by a person here, not asked back';
const BY_CREDENTIALS =
  'a tool is called with a credential that its administrator gives: no flow of OAuth is begun for a call';
const BEHIND_CREDENTIALS =
  'nothing is answered without a credential, which a page in a browser does not have; proxies on the same machine forward other hosts';

const NOT_TOOLS = {
  'completion-complete': TOOLS_ALONE,
  'resources-*': TOOLS_ALONE,
  'prompts-*': TOOLS_ALONE,
  'tools-call-with-progress': 'what a tool says before its answer is not handed on',
  'dns-rebinding-protection': BEHIND_CREDENTIALS,
};

export const SERVER_FAILS: Reasons = {
  '2025-11-25': {
    ...NOT_TOOLS,
    'logging-set-level': TOOLS_ALONE,
    'tools-call-with-logging': 'what a tool says before its answer is not handed on',
    'tools-call-sampling': NO_CALLBACK,
    'tools-call-elicitation': NO_CALLBACK,
    'elicitation-*': NO_CALLBACK,
  },
  '2026-07-28': {
    ...NOT_TOOLS,
    caching: `${TOOLS_ALONE}: its lists of prompts and resources are asked for`,
    'server-stateless':
      'subscriptions are not offered, and no tool needs a capability of the client',
    'input-required-result-*': NO_CALLBACK,
  },
};

export const CLIENT_FAILS: Reasons = {
  '2025-11-25': {
    'auth/*': BY_CREDENTIALS,
    'elicitation-*': NO_CALLBACK,
    'sse-retry': 'an answer whose stream broke is not asked for again: the call is unknown',
  },
  '2026-07-28': {
    'auth/*': BY_CREDENTIALS,
    'sep-2322-client-request-state': NO_CALLBACK,
    'http-custom-headers': 'arguments are not copied into headers',
    'http-invalid-tool-headers':
      'arguments are not copied into headers, so annotations that ask for it are not read',
  },
};
