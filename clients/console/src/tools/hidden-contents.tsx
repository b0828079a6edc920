import type { ReactElement } from 'react';

/** In the place of what a call was given and has answered, for those who may know of it and no more. */
export const HiddenContents = (): ReactElement => (
  <p className="text-muted">
    Arguments and result are shown to those who have the permission <code>tool:inspect</code>.
  </p>
);
