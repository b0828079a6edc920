import { databaseTest as test } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { assertConfined, readServerVersion } from './confinement.sql.ts';
import { connect } from './database.ts';
import { sql } from './statement.ts';

describe('assertConfined', () => {
  test('accepts a connection that runs as the serving role', async ({ db, dispatch }) => {
    await assertConfined(db, 'sagewai_request');
    await assertConfined(dispatch, 'sagewai_dispatch');
  });

  test('refuses the owner of the tables, whom policies would not bind', async ({ url }) => {
    const owner = connect({ url, role: null, maxConnections: 1 });
    await expect(assertConfined(owner, 'sagewai_request')).rejects.toThrow(
      /must run as sagewai_request/,
    );
    await owner.close();
  });

  test('`reset role` returns to the serving role, not to the login', async ({ db }) => {
    const role = await db.withConnection(async (connection) => {
      await sql`reset role`.execute(connection);
      const { rows } = await sql<{ role: string }>`select current_user as role`.execute(connection);
      return rows[0]?.role;
    });
    expect(role).toBe('sagewai_request');
  });

  test('knows the version it talks to', async ({ db }) => {
    expect((await readServerVersion(db)).number).toBeGreaterThanOrEqual(150_000);
  });
});
