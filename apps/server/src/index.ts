export { findCertificate } from './certificate.ts';
export { SERVER_FIELDS, type ServerConfig } from './config.ts';
export { PLANES } from './planes.ts';
export { readKeys as readEncryptionKeys } from './encryption/key-register.sql.ts';
export { readModels } from './read-models.ts';
export { configuredStore } from './object-store.ts';
export { type ResolvedSecrets, resolveSecrets } from './secrets/resolve-secrets.ts';
export { findTransportRisk } from './find-transport-risk.ts';
export { healthQuestion } from '@sagewai/gateway';
