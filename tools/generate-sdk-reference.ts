/** Writes docs/reference/sdk.md from the source of the SDK. */
import { mkdirSync, writeFileSync } from 'node:fs';

import { sdkReference } from './sdk-reference.ts';

const folder = new URL('../docs/reference/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('sdk.md', folder), sdkReference());
