import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { isLive } from './live.ts';
import { PLACES } from './navigation.ts';

const CHORD_MS = 900;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** The keys of the whole console; where somebody types, only those with a modifier count. */
export function useKeys(open: { readonly palette: () => void; readonly help: () => void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goingSince = 0;
    const hear = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        open.palette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const place = PLACES.find(({ key }) => key === event.key);
      if (event.timeStamp - goingSince < CHORD_MS && place !== undefined) {
        goingSince = 0;
        void navigate({ to: place.to });
      } else if (event.key === 'g') goingSince = event.timeStamp;
      else if (event.key === 'p') isLive.set(!isLive.get());
      else if (event.key === '?') open.help();
      else if (event.key === '/') {
        event.preventDefault();
        const field = document.querySelector<HTMLElement>('[data-search]');
        if (field === null) open.palette();
        else field.focus();
      }
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [navigate, open]);
}
