export { PLANES, SERVER_FIELDS, type ServerConfig } from './config.ts';
export { readModels } from './read-models.ts';
