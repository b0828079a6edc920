import type { ReactElement } from 'react';

import { CodeBox } from './code-box.tsx';
import { showJson } from './show-json.ts';

/** What `showJson` shows; what is copied is whole. */
export function JsonView(of: {
  readonly value: unknown;
  readonly label: string;
  readonly isExact?: boolean;
}): ReactElement {
  const { value, label, isExact = false } = of;
  const { whole, shown } = showJson(value, { isExact });
  return <CodeBox text={shown} copied={whole} label={label} isLong />;
}
