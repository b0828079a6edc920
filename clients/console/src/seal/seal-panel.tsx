import { type ReactElement, useId, useState } from 'react';

import { Button } from '../ui/button.tsx';
import { Panel } from '../ui/panel.tsx';
import { cannotOpen, readSealKey, sealKey } from './seal-key.ts';
import type { Opening } from './use-opened-run.ts';

/** Says that a run is sealed, takes the key that opens it, and forgets it again. */
export function SealPanel({ opening }: { opening: Opening }): ReactElement | null {
  if (opening.kind === 'clear') return null;
  return (
    <Panel
      title="Sealed: the server cannot read what it was given and has answered"
      actions={
        opening.kind === 'closed' ? undefined : (
          <Button onClick={() => sealKey.set(null)}>Forget the key</Button>
        )
      }
    >
      <div className="flex flex-col gap-2">
        {opening.kind === 'closed' ? <KeyFile /> : null}
        {opening.kind === 'opening' ? <p className="text-muted">Opening it …</p> : null}
        {opening.kind === 'refused' ? (
          <p role="alert" className="text-bad">
            The key does not open it. {opening.why}
          </p>
        ) : null}
        {opening.kind === 'opened' ? (
          <p role="status">
            <span className="text-ok font-medium">Opened in this browser.</span>{' '}
            <span className="text-muted">
              The key and what it opens are in this tab’s memory alone, until it is closed or
              reloaded.
            </span>
          </p>
        ) : null}
      </div>
    </Panel>
  );
}

function KeyFile(): ReactElement {
  const id = useId();
  const [mistake, setMistake] = useState<string | null>(null);
  const objection = cannotOpen();
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const key = file.size > KEY_FILE_BYTES_MAX ? null : await readSealKey(await file.text());
    if (key === null) setMistake(`${file.name} holds no X25519 private key in PEM.`);
    else sealKey.set(key);
  };
  return (
    <>
      <label htmlFor={id} className="text-xs font-medium">
        Your key file
      </label>
      <input
        id={id}
        type="file"
        accept=".pem"
        disabled={objection !== null}
        aria-describedby={`${id}-hint`}
        onChange={(event) => void read(event.target.files?.[0])}
        className="file:border-line-strong file:bg-raised text-muted file:text-ink file:mr-3 file:h-7 file:rounded-sm file:border file:px-2.5 file:text-sm"
      />
      <p id={`${id}-hint`} className="text-muted text-xs">
        {objection ??
          'The one it was submitted with: seal-key.pem in your SAGEWAI_HOME, or that of --key-file. It is read here, and neither sent nor stored.'}
      </p>
      {mistake === null ? null : (
        <p role="alert" className="text-bad">
          {mistake}
        </p>
      )}
    </>
  );
}

const KEY_FILE_BYTES_MAX = 65_536;
