import { field } from '@sagewai/config';

export const softBudgetFields = {
  SOFT_BUDGET_REFRESH: field.duration({
    default: 1_000,
    min: 50,
    description: 'How old what is known of an agent’s spend may be before it is read again',
  }),
  SOFT_BUDGET_AGE_MAX: field.duration({
    default: 5_000,
    min: 100,
    description: 'The same, after which a call of a project with soft limits waits for it',
  }),
  SOFT_BUDGET_ON_FAILURE: field.oneOf(['open', 'closed'], {
    default: 'open',
    description: 'Whether calls pass while soft limits cannot be read; hard limits always refuse',
  }),
  HARD_BUDGET_MARGIN: field.integer({
    default: 20,
    min: 0,
    max: 1_000,
    description: 'How many percent above a soft limit the hard one is that is advised',
  }),
  DECLARED_SPEND_USD_MAX: field.integer({
    default: 1_000,
    min: 1,
    max: 1_000_000,
    description: 'What one call past the gateway is declared to have cost at most',
  }),
  BUDGET_ALERT_INTERVAL: field.duration({
    default: 30_000,
    min: 100,
    description:
      'How often it is looked at what spend has reached of the limits that alerts are for',
  }),
  SMTP_URL: field.secret({
    default: null,
    description:
      'The mail server that alerts are sent by: smtps://user:password@host:465, or smtp://host:587',
    check: (text) =>
      URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol)
        ? null
        : 'expected smtps://user:password@host:465 or smtp://host:587',
  }),
  SMTP_FROM: field.string({
    default: 'sagewai@localhost',
    description: 'Whom e-mails are from',
  }),
  SMTP_TLS: field.oneOf(['required', 'opportunistic'], {
    default: 'required',
    description:
      'Whether mail is sent without encryption where smtp:// offers none; passwords never',
  }),
  SMTP_TIMEOUT: field.duration({
    default: 10_000,
    min: 100,
    description: 'How long a mail server may take for an answer',
  }),
  SMTP_LETTERS_PER_HOUR: field.integer({
    default: 100,
    min: 1,
    description: 'Invitations, password resets and test letters of one organization in an hour',
  }),
  SMTP_LETTERS_PER_RECEIVER: field.integer({
    default: 5,
    min: 1,
    description: 'The same to one address',
  }),
} as const;
