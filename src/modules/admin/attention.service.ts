import { Injectable } from '@nestjs/common';
import { RefundsService } from '../billing/index.js';
import { BudgetService, type DayBudget } from '../messages/index.js';
import { AttentionRepository, type EventBacklog, type ModelState, type OldestReply } from './attention.repository.js';
import { EntitlementsService } from './entitlements.service.js';

/** Beyond this number the page only says that there are more. */
const COUNTED = 100;

/** What may need an administrator's hand. */
export interface Attention {
  readonly oldestReply: OldestReply | null;
  readonly models: readonly ModelState[];
  readonly events: EventBacklog;
  /** Counted up to 100. */
  readonly owedRefunds: number;
  /** Counted up to 100. */
  readonly overdueCustomers: number;
  readonly budget: DayBudget;
}

@Injectable()
export class AttentionService {
  constructor(
    private readonly attention: AttentionRepository,
    private readonly budget: BudgetService,
    private readonly entitlements: EntitlementsService,
    private readonly refunds: RefundsService,
  ) {}

  async getAttention(): Promise<Attention> {
    const [oldestReply, models, events, owedRefunds, overdueCustomers, budget] = await Promise.all([
      this.attention.findOldestReply(),
      this.attention.listModels(),
      this.attention.countEvents(),
      this.refunds.listRefunds({ after: null, status: 'owed', count: COUNTED }),
      this.entitlements.listOverdue({ after: null, count: COUNTED }),
      this.budget.getDay(),
    ]);
    return { oldestReply, models, events, owedRefunds: owedRefunds.length, overdueCustomers: overdueCustomers.length, budget };
  }
}
