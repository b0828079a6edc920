import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { Page } from '../ui/panel.tsx';

export function Missing(): ReactElement {
  return (
    <Page title="There is no such page" about="The address may be of an older version, or cut off.">
      <p>
        <Link to="/" className="text-accent underline">
          Overview
        </Link>
      </p>
    </Page>
  );
}
