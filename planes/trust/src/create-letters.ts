import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Mailer } from '@sagewai/mail';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { countLetters, noteLetter } from './emails.sql.ts';

/** What somebody asks for to be sent to somebody else: each is a row of what was sent. */
export const LETTER_TYPES = ['alert.test', 'account.invitation', 'account.reset'] as const;
type LetterType = (typeof LETTER_TYPES)[number];

export interface NewLetter {
  readonly orgId: OrganizationId;
  readonly type: LetterType;
  readonly to: string;
  readonly title: string;
  /** May have a secret: it is sent, and stands nowhere. */
  readonly text: string;
}

/** Letters that carry what nobody else may read, and so are not in the outbox of alerts. */
export interface Letters {
  /** Sends it before the transaction commits; throws when it is not taken, or when it is too many. */
  send(tx: Tx, letter: NewLetter): Promise<void>;
}

export interface LetterLimits {
  /** Of one organization in an hour, together. */
  readonly lettersPerHour: number;
  /** To one address in an hour. */
  readonly lettersPerReceiver: number;
}

export function createLetters(of: {
  readonly mailer: Mailer;
  readonly limits: LetterLimits;
}): Letters {
  return {
    send: async (tx, { orgId, type, to, title, text }) => {
      await demandRoom(tx, { orgId, to, limits: of.limits });
      const subject = `[sagewai] ${title}`.replaceAll(/[\r\n]+/g, ' ');
      const messageId = `<${newId()}@sagewai>`;
      const sent = await of.mailer.send({ to, subject, text, messageId });
      if (sent.kind === 'failed') {
        throw new Fault('upstream.refused', `a letter was not taken: ${sent.error}`, {
          detail: `The mail server did not take the letter: ${sent.error}. Ask for the link instead.`,
        });
      }
      await noteLetter(tx, { orgId, eventType: type, messageId, receiver: to, subject });
    },
  };
}

/** Whoever may send letters could make a stranger's mailbox, and the name of this server, useless. */
export async function demandRoom(
  tx: Tx,
  {
    orgId,
    to,
    limits,
  }: { readonly orgId: OrganizationId; readonly to: string; readonly limits: LetterLimits },
): Promise<void> {
  const counted = await countLetters(tx, { orgId, receiver: to, types: LETTER_TYPES });
  const isFull =
    counted.all >= limits.lettersPerHour || counted.toReceiver >= limits.lettersPerReceiver;
  if (!isFull) return;
  throw new Fault('rate.exceeded', 'too many letters in an hour', {
    detail:
      counted.toReceiver >= limits.lettersPerReceiver
        ? `${to} got ${counted.toReceiver} letters in the last hour. Wait.`
        : `This organization sent ${counted.all} letters in the last hour. Wait.`,
    retryAfterMs: counted.freeInMs,
  });
}
