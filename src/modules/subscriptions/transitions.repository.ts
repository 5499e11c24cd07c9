import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { newId } from '../../common/ids.js';
import type { Transaction } from '../../database/database.js';
import { SubscriptionTransitionEntity } from './subscription-transition.entity.js';

export type Transition = Readonly<Omit<SubscriptionTransitionEntity, 'id' | 'createdAt'>>;

@Injectable()
export class TransitionsRepository {
  constructor(@InjectRepository(SubscriptionTransitionEntity) private readonly transitions: Repository<SubscriptionTransitionEntity>) {}

  /** Inserts a transition, in the transaction of the change. */
  async record(transaction: Transaction, transition: Transition): Promise<void> {
    await transaction.manager.withRepository(this.transitions).insert({ id: newId(), ...transition });
  }

  /** Deletes the transitions of a user's subscriptions, not those of grants. */
  async deleteOfSubscriptions({ manager }: Transaction, userId: string): Promise<void> {
    await manager.withRepository(this.transitions).delete({ userId, subjectKind: 'subscription' });
  }
}
