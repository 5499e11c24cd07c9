import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { PlansService } from '../subscriptions/index.js';
import { chooseContext, historyLimits, instructionOf, type Turn } from './context.js';
import type { ContextCounts } from './outcomes.js';
import { PathRepository } from './path.repository.js';

/** The facts that decide on the prompt of a reply. */
export interface PromptedReply {
  readonly parentId: string;
  readonly plan: Plan;
  readonly model: string;
  readonly systemInstruction: string | null;
  /** Each attempt so far got an error of the model's servers: the next one leaves out messages without an answer. */
  readonly isSuspect?: boolean;
}

export interface Prompt {
  readonly turns: Turn[];
  readonly systemInstruction: string | null;
  readonly context: ContextCounts;
  /** The message at which a new summary should end, for the replies to come. */
  readonly summaryAt: string | null;
  /** The size of the turns and the system instruction. */
  readonly bytes: number;
  /** The model refused an earlier message of the branch. */
  readonly followsRefusal: boolean;
}

@Injectable()
export class PromptsService {
  constructor(
    private readonly paths: PathRepository,
    private readonly plans: PlansService,
  ) {}

  /** The prompt of a reply. It stays the same while the reply is unfinished, because nothing before it changes. */
  async promptOf({ parentId, plan, model, systemInstruction: ofRoom, isSuspect = false }: PromptedReply): Promise<Prompt> {
    const limits = historyLimits(this.plans.historyOf(plan, model).historyTokens);
    const path = await this.paths.findPath(parentId, limits);
    const { turns, summary, summarised, trimmed, summaryAt } = chooseContext(path, limits, { answeredOnly: isSuspect });
    const systemInstruction = instructionOf(ofRoom, summary);
    return {
      turns,
      systemInstruction,
      context: { turns: turns.length, trimmed, summarised },
      summaryAt,
      bytes: turns.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), Buffer.byteLength(systemInstruction ?? '')),
      followsRefusal: path.some(({ isRefused }) => isRefused),
    };
  }
}
