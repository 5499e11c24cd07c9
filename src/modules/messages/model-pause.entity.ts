import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A model that no worker calls before a time, because the vendor asked for it (RetryInfo of a 429). */
@Entity({ name: 'model_pauses' })
export class ModelPauseEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_model_pauses' })
  model!: string;

  @Column({ type: 'timestamptz', name: 'paused_until', precision: 3 })
  pausedUntil!: Date;
}
