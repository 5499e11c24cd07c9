import { Injectable } from '@nestjs/common';
import { ServiceUnavailableError } from '../../../common/errors/common.errors.js';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';

const ping = statement<{ one: number }>('readiness_ping', 'SELECT 1 AS one');

/** Whether this process should get traffic: not while it drains, and not without PostgreSQL. */
@Injectable()
export class ReadinessService {
  private draining = false;

  constructor(private readonly database: Database) {}

  get isDraining(): boolean {
    return this.draining;
  }

  startDraining(): void {
    this.draining = true;
  }

  /** @throws ServiceUnavailableError */
  async check(): Promise<{ status: 'ok' }> {
    if (this.draining) throw new ServiceUnavailableError();
    await this.database.run(ping, []).catch((error: unknown) => {
      throw new ServiceUnavailableError({ cause: error });
    });
    return { status: 'ok' };
  }
}
