import type { Environment } from './sagewai.ts';

let redisUrl: string | null = null;

/** From now on, servers that tests start have this Redis beside them; null: none. */
export function giveServersRedis(url: string | null): void {
  redisUrl = url;
}

/** Installations share it: what is theirs begins with the name of their database. */
export function redisFor(databaseUrl: string): Environment {
  if (redisUrl === null) return {};
  return { REDIS_URL: redisUrl, REDIS_PREFIX: `${new URL(databaseUrl).pathname.slice(1)}:` };
}
