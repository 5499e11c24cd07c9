import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LookAtEverybodyWhoPaid1795910400103 implements MigrationInterface {
  readonly name = 'LookAtEverybodyWhoPaid1795910400103';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Subscriptions were taken for ended when Stripe did not know their customer, and were never looked at again. They
    // are looked at now, and everybody else who ever subscribed within a day.
    await queryRunner.query(`
      UPDATE stripe_customers c SET check_at = CASE
          WHEN EXISTS (SELECT FROM subscription_transitions t WHERE t.user_id = c.user_id AND t.cause = 'unknown_at_stripe') THEN now()
          ELSE now() + random() * interval '1 day'
        END
      WHERE check_at IS NULL AND EXISTS (SELECT FROM subscriptions s WHERE s.user_id = c.user_id)`);
    // Customers of erased accounts were taken for deleted likewise. Closing one that is deleted changes nothing.
    await queryRunner.query(`
      UPDATE customer_closures SET closed_at = NULL, attempts = 0, due_at = now() + random() * interval '1 hour'
      WHERE closed_at IS NOT NULL`);
  }

  async down(): Promise<void> {
    // The next sync run and the next attempt set these times again.
  }
}
