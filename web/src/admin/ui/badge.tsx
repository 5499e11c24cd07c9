const TONES: Readonly<Record<string, string>> = {
  completed: 'good',
  active: 'good',
  applied: 'good',
  trialing: 'good',
  up: 'good',
  down: 'bad',
  failed: 'bad',
  disabled: 'bad',
  unpaid: 'bad',
  refused: 'bad',
  past_due: 'warn',
  blocked: 'warn',
  paused: 'warn',
  pending: 'busy',
  streaming: 'busy',
  pro: 'busy',
  admin: 'busy',
};

/** A state, in its colour. */
export const Badge = ({ word }: { word: string }) => <span className={`badge ${TONES[word] ?? ''}`}>{word}</span>;
