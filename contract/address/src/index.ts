export { isMetadataHost } from './metadata.ts';
export { isPrivateAddress } from './private-address.ts';
