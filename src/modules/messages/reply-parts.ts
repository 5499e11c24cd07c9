/** A stretch of an answer: text, or the summary of the thoughts that came in between. */
export interface ReplyPart {
  readonly kind: 'text' | 'reasoning';
  readonly text: string;
}

/** The text and the thoughts of an answer as it grows, and the order in which they came. */
export class GrowingReply {
  private readonly list: { kind: ReplyPart['kind']; text: string }[] = [];

  add(kind: ReplyPart['kind'], text: string): void {
    const last = this.list.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.list.push({ kind, text });
  }

  get parts(): readonly ReplyPart[] {
    return this.list;
  }

  get content(): string {
    return this.join('text');
  }

  /** Null without thoughts. */
  get reasoning(): string | null {
    const text = this.join('reasoning');
    return text === '' ? null : text;
  }

  /** The lengths of the parts as a reply stores them: thoughts first. Null where all thoughts came before the text. */
  get partLengths(): number[] | null {
    const lengths = this.list.map(({ text }) => text.length);
    if (this.list[0]?.kind === 'text') lengths.unshift(0);
    return lengths.length <= 2 ? null : lengths;
  }

  private join(kind: ReplyPart['kind']): string {
    return this.list.map((part) => (part.kind === kind ? part.text : '')).join('');
  }
}

/** The parts of a finished reply in their order. The last one is text, which may be empty. */
export function partsOf({
  content,
  reasoning,
  partLengths,
}: {
  readonly content: string;
  readonly reasoning: string | null;
  readonly partLengths: readonly number[] | null;
}): ReplyPart[] {
  const texts = { reasoning: reasoning ?? '', text: content };
  const read = { reasoning: 0, text: 0 };
  const parts: ReplyPart[] = [];
  const take = (kind: ReplyPart['kind'], length: number) => {
    const text = texts[kind].slice(read[kind], read[kind] + length);
    read[kind] += length;
    if (text !== '') parts.push({ kind, text });
  };
  for (const [i, length] of (partLengths ?? [texts.reasoning.length, content.length]).entries())
    take(i % 2 === 0 ? 'reasoning' : 'text', length);
  if (parts.at(-1)?.kind !== 'text') parts.push({ kind: 'text', text: '' });
  return parts;
}
