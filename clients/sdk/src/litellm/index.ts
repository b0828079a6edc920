export {
  type Health,
  LiteLLMProxyClient,
  type LiteLLMProxyOptions,
  type NewVirtualKey,
  type ProxyModel,
  type SpendByModel,
  type VirtualKey,
} from './proxy-client.ts';
export { readProxyUrl } from './proxy-url.ts';
