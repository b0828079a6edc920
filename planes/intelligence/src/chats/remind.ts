import type { Dialog } from '../memory/dialog.ts';
import { type Message, textIn } from '../models/messages.ts';

const isOfSystem = ({ role }: Message): boolean => role === 'system' || role === 'developer';

/**
 * The messages with the dialogs between what the system says and what the client sent (C5). A client that sends what
 * was said before is not reminded of it again.
 */
export function remind(messages: readonly Message[], dialogs: readonly Dialog[]): Message[] {
  const said = new Set(messages.map(({ content }) => textIn(content)));
  const first = messages.findIndex((message) => !isOfSystem(message));
  const at = first === -1 ? messages.length : first;
  const reminders = dialogs
    .filter(({ user, assistant }) => !(said.has(user) && said.has(assistant)))
    .flatMap(({ user, assistant }): Message[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ]);
  return [...messages.slice(0, at), ...reminders, ...messages.slice(at)];
}
