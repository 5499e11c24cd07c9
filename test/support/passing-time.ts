import type { DataSource } from 'typeorm';

/**
 * Moves everything that sign-in has stored into the past: as if so much time had passed, for tests that cannot wait.
 */
export async function passTime(dataSource: DataSource, time: string): Promise<void> {
  for (const [table, columns] of Object.entries(TIMES)) {
    const moved = columns.map((column) => `${column} = ${column} - $1::interval`).join(', ');
    await dataSource.query(`UPDATE ${table} SET ${moved}`, [time]);
  }
}

const TIMES = {
  counters: ['window_ends_at'],
  otp_challenges: ['created_at', 'expires_at'],
  sessions: ['created_at', 'last_used_at', 'expires_at', 'rotated_at'],
};
