export { asFault, Fault, type FaultOptions } from './fault.ts';
