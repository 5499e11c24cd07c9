import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { PlansService } from '../subscriptions/index.js';
import { chooseContext, historyLimits, instructionOf, type Turn } from './context.js';
import { type Outcome, RepliesRepository } from './replies.repository.js';

/** What decides what the model is asked for a reply. */
export interface PromptedReply {
  readonly parentId: string;
  readonly plan: Plan;
  readonly model: string;
  readonly systemInstruction: string | null;
  /** Each try so far got an error of the model's servers: the next one does without the messages that were never answered. */
  readonly isSuspect?: boolean;
}

export interface Prompt {
  readonly turns: Turn[];
  readonly systemInstruction: string | null;
  readonly context: NonNullable<Outcome['context']>;
  /** The message that a summary is wanted up to, for the replies to come. */
  readonly foldAt: string | null;
  /** Of all that the model is given. */
  readonly bytes: number;
  /** The model refused an earlier message of the branch. */
  readonly followsRefusal: boolean;
}

@Injectable()
export class Prompts {
  constructor(
    private readonly replies: RepliesRepository,
    private readonly plans: PlansService,
  ) {}

  /** What the model is to be asked for a reply; or was, as nothing before a reply changes while it is unfinished. */
  async promptOf({ parentId, plan, model, systemInstruction: ofRoom, isSuspect = false }: PromptedReply): Promise<Prompt> {
    const limits = historyLimits(this.plans.historyOf(plan, model).historyTokens);
    const path = await this.replies.path(parentId, limits);
    const { turns, summary, summarised, trimmed, foldAt } = chooseContext(path, limits, { answeredOnly: isSuspect });
    const systemInstruction = instructionOf(ofRoom, summary);
    return {
      turns,
      systemInstruction,
      context: { turns: turns.length, trimmed, summarised },
      foldAt,
      bytes: turns.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), Buffer.byteLength(systemInstruction ?? '')),
      followsRefusal: path.some(({ isRefused }) => isRefused),
    };
  }
}
