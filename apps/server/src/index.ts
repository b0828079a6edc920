export { findCertificate } from './certificate.ts';
export { PLANES, SERVER_FIELDS, type ServerConfig } from './config.ts';
export { readModels } from './read-models.ts';
export { configuredStore } from './object-store.ts';
export { findTransportRisk } from './find-transport-risk.ts';
export { healthQuestion } from '@sagewai/gateway';
