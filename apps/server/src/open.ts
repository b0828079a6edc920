/** A whole server for another process to mount. Apart from `index.ts`: loading it loads every plane. */
export { SERVER_FIELDS } from './config.ts';
export { type OpenServer, openServer } from './open-server.ts';
export { resolveSecrets } from './secrets/resolve-secrets.ts';
