import { useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useEffect } from 'react';

import { call, reach } from '../api/server.ts';

const KNOCK_MS = 1_000;

/** While the server is not reached it is knocked at; what the page shows is asked anew once it answers. */
export function ConnectionBanner(): ReactElement | null {
  const isLost = reach.use() === 'lost';
  const queries = useQueryClient();
  useEffect(() => {
    if (!isLost) return undefined;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const knock = async (): Promise<void> => {
      const answered = await call('server.getReadiness', {}, { timeoutMs: 3_000 }).then(
        () => true,
        () => false,
      );
      if (isOver) return;
      if (answered) void queries.invalidateQueries();
      // It may answer that it is not ready yet.
      else if (reach.get() === 'there') reach.set('lost');
      timer = setTimeout(() => void knock(), KNOCK_MS);
    };
    timer = setTimeout(() => void knock(), KNOCK_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isLost, queries]);
  if (!isLost) return null;
  return (
    <div role="status" className="bg-warn-soft text-warn border-warn/30 border-b px-4 py-1.5">
      The server is not reached. What you see is from before; it goes on by itself when the server
      answers.
    </div>
  );
}
