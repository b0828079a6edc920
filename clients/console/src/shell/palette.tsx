import { useNavigate } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';

import { cx } from '../ui/classes.ts';
import { Dialog } from '../ui/dialog.tsx';
import { findCommands, type Command } from './find-commands.ts';
import { PLACES } from './navigation.ts';
import { chooseTheme, type Theme } from './theme.ts';

const THEMES: readonly Theme[] = ['light', 'dark', 'system'];

export function Palette({
  isOpen,
  onClose,
}: {
  isOpen: boolean;
  onClose: () => void;
}): ReactElement {
  return (
    <Dialog title="Go to" isOpen={isOpen} onClose={onClose} isWide>
      <Finder onDone={onClose} />
    </Dialog>
  );
}

function Finder({ onDone }: { onDone: () => void }): ReactElement {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [index, setIndex] = useState(0);
  const commands: Command[] = [
    ...PLACES.map(({ to, name }) => ({ name, hint: 'page', run: () => void navigate({ to }) })),
    ...THEMES.map((theme) => ({
      name: `Theme: ${theme}`,
      hint: 'setting',
      run: () => chooseTheme(theme),
    })),
  ];
  const found = findCommands(commands, text, (runId) => ({
    name: `Run ${runId}`,
    hint: 'run',
    run: () => void navigate({ to: '/runs/$runId', params: { runId } }),
  }));
  const chosen = Math.min(index, found.length - 1);
  const start = (command: Command | undefined): void => {
    if (command === undefined) return;
    onDone();
    command.run();
  };
  return (
    <div className="flex flex-col gap-2">
      <input
        autoFocus
        role="combobox"
        aria-label="A page, a run’s id, or a setting"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${chosen}` : undefined}
        placeholder="A page, a run’s id, or a setting"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setIndex(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setIndex(Math.min(chosen + 1, found.length - 1));
          else if (event.key === 'ArrowUp') setIndex(Math.max(chosen - 1, 0));
          else if (event.key === 'Enter') start(found[chosen]);
          else return;
          event.preventDefault();
        }}
        className="border-line-strong bg-raised h-9 rounded-sm border px-3"
      />
      <ul
        id="palette-list"
        role="listbox"
        aria-label="What there is"
        className="max-h-80 overflow-y-auto"
      >
        {found.map((command, at) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field above has the keys
          <li
            key={command.name}
            id={`palette-${at}`}
            role="option"
            aria-selected={at === chosen}
            onClick={() => start(command)}
            className={cx(
              'flex cursor-pointer justify-between rounded-sm px-3 py-1.5',
              at === chosen && 'bg-hover',
            )}
          >
            {command.name} <span className="text-muted text-xs">{command.hint}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className="text-muted px-3">Nothing is called that.</p> : null}
    </div>
  );
}
