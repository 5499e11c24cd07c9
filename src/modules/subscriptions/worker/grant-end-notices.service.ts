import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { OtpDelivery, OtpDeliveryError } from '../../../integrations/otp-delivery/index.js';
import { type EndedGrant, GrantsRepository } from '../grants.repository.js';

/** The messages that are sent at once. */
const BATCH = 10;

/** RFC 5321, 4.5.4.1: a message is tried again after 30 minutes at the earliest, and given up after some days. */
const RETRY_MS = 30 * 60_000;
const GIVE_UP_MS = 5 * 86_400_000;

/**
 * Tells users that the Pro plan that an administrator granted has ended by its time. A claim postpones the next one,
 * so that a notice is sent again only if the server did not take it, or the worker died before it had noted that.
 */
@Injectable()
export class GrantEndNoticesService implements OnModuleInit {
  private readonly logger = new Logger(GrantEndNoticesService.name);

  constructor(
    private readonly schedules: Schedules,
    private readonly grants: GrantsRepository,
    private readonly delivery: OtpDelivery,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({ lock: 'grantEndNotices', everyMs: this.config.SWEEP_INTERVAL, work: () => this.tellAll() });
  }

  private async tellAll(): Promise<void> {
    const ended = await this.grants.claimEnded({ limit: BATCH, retryMs: RETRY_MS, giveUpMs: GIVE_UP_MS });
    await Promise.all(ended.map((grant) => this.tell(grant)));
  }

  private async tell({ id, mobileNumber, email, isOwed }: EndedGrant): Promise<void> {
    try {
      // An SMS costs money, and SMS_DAILY_BUDGET is there for codes.
      if (isOwed && !this.delivery.isSms) {
        await this.delivery.send({ mobileNumber, email, subject: 'Your Pro plan has ended', text: this.text() });
      }
    } catch (error) {
      this.logger.warn(`the end of grant ${id} was not delivered: ${String(error)}`);
      if (!(error instanceof OtpDeliveryError) || error.isRetryable) return;
    }
    await this.grants.noteEnd(id);
  }

  private text(): string {
    const { BASIC_DAILY_LIMIT: limit, FRONTEND_URL: address } = this.config;
    const sentences = [
      'The Pro plan that you were given has ended.',
      `You are on the Basic plan now, with ${limit} ${limit === 1 ? 'message' : 'messages'} a day. Your chatrooms stay as they are.`,
      ...(address === undefined ? [] : [`To have Pro again, subscribe at ${address}`]),
    ];
    return sentences.join('\n');
  }
}
