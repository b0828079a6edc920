/** Runs before each file of tests: see `redisMode`. */
import { inject } from 'vitest';

import { giveServersRedis } from './redis-of-servers.ts';

giveServersRedis(inject('redisUrl'));
