import type { AuditEntry, SealedEntry } from './entry.ts';

/** The last word of a name that stands for a secret: `access_token`, but not `token_id` or `tokens`. */
const SECRET_NAME =
  /(?:^|_)(?:token|secret|password|passphrase|authorization|cookie|credential|bearer|jwt)$/;
const SECRET_KEY_NAME =
  /(?:^|_)(?:api|private|secret|encryption|signing|virtual|enrollment|access|master)_?key$/;

/** What our own credentials and the common foreign ones look like, anywhere in a text. */
const CREDENTIAL =
  /\b(?:sk-[\w-]{8,}|sat-[\w-]{8,}|ses-[\w-]{8,}|(?:link|setup)-[\w-]{40,}|w?rt-1\.[\w.-]+|eyJ[\w-]{8,}\.[\w.-]+)|\bbearer\s+\S{8,}/gi;

// oxlint-disable-next-line no-control-regex -- these are what must not reach a log or the database
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

const TEXT_LENGTH_MAX = 256;
/** Room for the ids of a batch; everything else is far shorter. */
const VALUE_LENGTH_MAX = 12_000;

/**
 * Makes an entry fit to be kept for ever (T4). Texts that callers chose are cut, printable and without
 * anything that looks like a credential; a detail *named* like a secret is a mistake of ours and throws.
 */
export function sealEntry(entry: AuditEntry): SealedEntry {
  return {
    orgId: entry.orgId,
    actor: clean(entry.actor, TEXT_LENGTH_MAX),
    action: clean(entry.action, TEXT_LENGTH_MAX),
    subject: clean(entry.subject, TEXT_LENGTH_MAX),
    outcome: clean(entry.outcome, TEXT_LENGTH_MAX),
    requestId: clean(entry.requestId, TEXT_LENGTH_MAX),
    details: JSON.stringify(
      Object.fromEntries(
        Object.entries(entry.details).map(([name, value]) => {
          if (namesSecret(name)) throw new Error(`audit detail "${name}" is named like a secret`);
          return [name, typeof value === 'string' ? clean(value, VALUE_LENGTH_MAX) : value];
        }),
      ),
    ),
  };
}

function namesSecret(name: string): boolean {
  const snake = name.replace(/(?<=[a-z0-9])(?=[A-Z])|[-.\s]/g, '_').toLowerCase();
  return SECRET_NAME.test(snake) || SECRET_KEY_NAME.test(snake);
}

function clean(text: string, lengthMax: number): string {
  const safe = text.toWellFormed().replace(CONTROL, '�').replace(CREDENTIAL, '[secret]');
  return safe.length <= lengthMax ? safe : `${safe.slice(0, lengthMax - 1).toWellFormed()}…`;
}
