import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type Capabilities, type PlanLimits, PlansService } from '../subscriptions/index.js';
import type { PriceOffer } from './price-offers.js';
import { PricesService } from './prices.service.js';

/** What a plan offers, and what it costs. */
export interface PlanOffer {
  readonly id: Plan;
  readonly limits: PlanLimits;
  readonly capabilities: Capabilities;
  /** Empty for a plan that cannot be bought here. */
  readonly prices: readonly PriceOffer[];
  /** The days of trial at each of its prices; 0 for none. */
  readonly trialDays: number;
}

/** The plans as visitors see them. */
@Injectable()
export class OffersService {
  constructor(
    private readonly plans: PlansService,
    private readonly prices: PricesService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws BillingUnavailableError while Stripe cannot be asked, and was not in the last day */
  async listPlans(): Promise<PlanOffer[]> {
    return [
      { ...this.offerOf('basic'), prices: [], trialDays: 0 },
      { ...this.offerOf('pro'), prices: await this.prices.listOffers(), trialDays: this.config.PRO_TRIAL_DAYS ?? 0 },
    ];
  }

  private offerOf(id: Plan): Pick<PlanOffer, 'id' | 'limits' | 'capabilities'> {
    return { id, limits: this.plans.limitsOf(id), capabilities: this.plans.capabilitiesOfPlan(id) };
  }
}
