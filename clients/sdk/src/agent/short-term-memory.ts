import type { Memory } from './agent-config.ts';
import type { ChatMessage } from './chat.ts';

/** The latest dialogs of one conversation, in this process. */
export function createShortTermMemory(dialogsMax = 10): Memory {
  const dialogs: (readonly ChatMessage[])[] = [];
  return {
    load: () => Promise.resolve(dialogs.flat()),
    save: (dialog) => {
      dialogs.push(dialog);
      dialogs.splice(0, Math.max(0, dialogs.length - dialogsMax));
      return Promise.resolve();
    },
  };
}
