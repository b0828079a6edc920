import { homedir } from 'node:os';

import { expandHome } from '@sagewai/config';
import type { AppOptions } from '@sagewai/http';

import type { ServerConfig } from '../config.ts';
import { serveConsole } from './serve-console.ts';

/** How the server meets the web: its limits, and what browsers are shown. */
export function webOptions(
  config: ServerConfig,
  version: string,
): Pick<AppOptions, 'settings' | 'pages'> {
  const { consoleDir, publicUrl } = config;
  return {
    settings: {
      bodyBytesMax: config.bodyBytesMax,
      formBytesMax: config.uploadBytesMax,
      formsBytesMax: config.uploadsBytesMax,
      trustedProxies: config.trustedProxies,
      version,
    },
    pages: serveConsole({
      folder: consoleDir === null ? null : expandHome(consoleDir, homedir()),
      publicUrl,
    }),
  };
}
