import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A piece of a stored object. */
@Entity('object_pieces')
export class ObjectPieceEntity {
  @PrimaryColumn('uuid', { name: 'object_id', primaryKeyConstraintName: 'pk_object_pieces' })
  objectId!: string;

  /** From 0. All pieces but the last have the same size. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'pk_object_pieces' })
  n!: number;

  @Column('bytea')
  bytes!: Buffer;
}
