export {
  type Accelerator,
  type AcceleratorOptions,
  openRedis,
  type Subscription,
} from './accelerator.ts';
