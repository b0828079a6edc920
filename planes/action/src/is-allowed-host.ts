/** A5. Whether a URL is at one of the hosts: `host`, `host:port`, `*.host`; without a port, the scheme's own. */
export function isAllowedHost(allowed: readonly string[], url: URL): boolean {
  const host = url.hostname.toLowerCase();
  return allowed.some((entry) => {
    const [, name = '', port = ''] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry.toLowerCase()) ?? [];
    if (port !== url.port && !(url.port === '' && port === DEFAULT_PORTS[url.protocol]))
      return false;
    return name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name;
  });
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** How the allow-list names where a URL leads. */
export const hostOf = (url: URL): string => url.host.toLowerCase();
