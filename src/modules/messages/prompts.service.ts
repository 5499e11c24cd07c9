import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { PlansService } from '../subscriptions/index.js';
import { AttachmentsService } from '../attachments/index.js';
import { chooseContext, historyLimits, instructionOf, type PathMessage, type Turn } from './context.js';
import type { ContextCounts } from './outcomes.js';
import { fitFiles, type UncountedFile } from './model-files/file-budget.js';
import { ModelFilesRepository } from './model-files/model-files.repository.js';
import { tokenBoundsOf } from './model-files/token-bounds.js';
import { PathRepository } from './path.repository.js';

/** The facts that decide on the prompt of a reply. */
export interface PromptedReply {
  readonly parentId: string;
  readonly plan: Plan;
  readonly model: string;
  readonly systemInstruction: string | null;
  /** Each attempt so far got an error of the model's servers: the next one leaves out messages without an answer. */
  readonly isSuspect?: boolean;
  /** Files whose bytes are lost, by their ids: the model is told their names. */
  readonly lostFiles?: ReadonlySet<string>;
}

export interface Prompt {
  readonly turns: Turn[];
  readonly systemInstruction: string | null;
  readonly context: ContextCounts;
  /** The message at which a new summary should end, for the replies to come. */
  readonly summaryAt: string | null;
  /** The size of the turns and the system instruction. A token of a file counts as four bytes. */
  readonly bytes: number;
  /** The model refused an earlier message of the branch. */
  readonly followsRefusal: boolean;
  /** Files that were left out only because their tokens are not known. The prompt is made anew when they are. */
  readonly uncounted: readonly UncountedFile[];
}

const NONE: ReadonlySet<string> = new Set();

@Injectable()
export class PromptsService {
  constructor(
    private readonly paths: PathRepository,
    private readonly plans: PlansService,
    private readonly attachments: AttachmentsService,
    private readonly files: ModelFilesRepository,
  ) {}

  /** The prompt of a reply. It stays the same while the reply is unfinished, because nothing before it changes. */
  async promptOf({
    parentId,
    plan,
    model,
    systemInstruction: ofRoom,
    isSuspect = false,
    lostFiles = NONE,
  }: PromptedReply): Promise<Prompt> {
    const limits = historyLimits(this.plans.historyOf(plan, model).historyTokens);
    // Another model's signatures mean nothing to this one.
    const whole = (await this.paths.findPath(parentId, limits)).map((message) =>
      message.model === model ? message : { ...message, signatures: null },
    );
    const { path, uncounted } = await this.withFiles(whole, { plan, model, budget: limits.tokens, lostFiles });
    const { turns, summary, summarised, trimmed, summaryAt } = chooseContext(path, limits, { answeredOnly: isSuspect });
    const systemInstruction = instructionOf(ofRoom, summary);
    return {
      turns,
      systemInstruction,
      context: {
        turns: turns.length,
        trimmed,
        summarised,
        filesSent: turns.reduce((sum, { files = [] }) => sum + files.length, 0),
        filesOmitted: turns.reduce((sum, { omitted = 0 }) => sum + omitted, 0),
      },
      summaryAt,
      bytes: turns.reduce((bytes, turn) => bytes + bytesOf(turn), Buffer.byteLength(systemInstruction ?? '')),
      followsRefusal: path.some(({ isRefused }) => isRefused),
      uncounted,
    };
  }

  private async withFiles(
    path: PathMessage[],
    { plan, model, budget, lostFiles }: { plan: Plan; model: string; budget: number; lostFiles: ReadonlySet<string> },
  ): Promise<ReturnType<typeof fitFiles>> {
    const attachments = await this.attachments.listOfMessages(path.filter(({ role }) => role === 'user').map(({ id }) => id));
    if (attachments.size === 0) return { path, uncounted: [] };
    const takesFiles = this.plans.capabilitiesOf(plan, model).attachments;
    const counted = await this.files.findTokens(
      [...attachments.values()].flat().map(({ id }) => id),
      model,
    );
    return fitFiles(path, attachments, budget, (file) => {
      const tokens = counted.get(file.id);
      if (!takesFiles || tokens === null || lostFiles.has(file.id)) return { least: Infinity, most: Infinity };
      return tokens === undefined ? tokenBoundsOf(file, model) : { least: tokens, most: tokens };
    });
  }
}

const bytesOf = ({ text, files = [] }: Turn): number => files.reduce((sum, { tokens }) => sum + tokens * 4, Buffer.byteLength(text));
