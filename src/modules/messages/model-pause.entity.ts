import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'model_pauses' })
export class ModelPauseEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_model_pauses' })
  model!: string;

  @Column({ type: 'timestamptz', name: 'paused_until', precision: 3 })
  pausedUntil!: Date;
}
