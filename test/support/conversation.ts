import type { ApiClient } from './api.js';

export interface ReplyBody {
  readonly id: string;
  readonly chatroom_id: string;
  readonly role: string;
  readonly content: string;
  readonly status: string;
  readonly reply_to: string | null;
  readonly parent_id: string | null;
  readonly sibling_ids: string[];
  readonly model: string | null;
  readonly finish_reason: string | null;
  readonly error: { code: string; message: string } | null;
  readonly usage: {
    input_tokens: number;
    output_tokens: number;
    reasoning_tokens: number;
    total_tokens: number;
    estimated: boolean;
  } | null;
  readonly context: {
    turns: number;
    trimmed: number;
    summarised: number;
    attachments: { sent: number; omitted: number };
  } | null;
  readonly sources: { title: string; url: string; passages: [number, number][] }[] | null;
  readonly search_suggestions: string | null;
  readonly reasoning: string | null;
  readonly feedback: { rating: string; comment: string | null } | null;
  readonly created_at: string;
  readonly completed_at: string | null;
}

export interface ExchangeBody {
  readonly message: ReplyBody;
  readonly reply: ReplyBody;
}

/** One user's way through a conversation; throws on any answer that is not the expected one. */
export class Conversation {
  constructor(
    private readonly api: ApiClient,
    private readonly token: string,
    readonly chatroomId: string,
  ) {}

  /** Named, so that the model is asked for nothing but replies, unless `room` says otherwise. */
  static async start(api: ApiClient, token: string, room: object = { name: 'A conversation' }): Promise<Conversation> {
    const { status, body } = await api.post<{ id: string }>('/chatroom', { token, body: room });
    if (status !== 201) throw new Error(`POST /chatroom answered ${status}: ${JSON.stringify(body)}`);
    return new Conversation(api, token, body.id);
  }

  get path(): string {
    return `/chatroom/${this.chatroomId}/message`;
  }

  async send(content: string, options: object = {}): Promise<ExchangeBody> {
    const { status, body } = await this.api.post<ExchangeBody>(this.path, { token: this.token, body: { content, ...options } });
    if (status !== 202) throw new Error(`POST ${this.path} answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** The reply when it is finished. */
  async finished(replyId: string): Promise<ReplyBody> {
    const { status, body } = await this.api.get<ReplyBody>(`${this.path}/${replyId}?wait=25`, { token: this.token });
    if (status !== 200) throw new Error(`GET ${this.path}/${replyId} answered ${status}: ${JSON.stringify(body)}`);
    if (body.status === 'pending' || body.status === 'streaming') throw new Error(`the reply is still ${body.status}`);
    return body;
  }

  async ask(content: string, options: object = {}): Promise<ReplyBody> {
    const { reply } = await this.send(content, options);
    return this.finished(reply.id);
  }
}
