export { type SelfSigned, selfSign, type SelfSignOptions } from './self-sign.ts';
export { thumbprintOf } from './thumbprint.ts';
