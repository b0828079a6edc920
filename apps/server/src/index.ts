export { PLANES, SERVER_FIELDS, type ServerConfig } from './config.ts';
