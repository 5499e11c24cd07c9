import type { ReactNode } from 'react';
import { Card } from './card.tsx';

export interface Share {
  readonly key: string;
  readonly name: ReactNode;
  readonly value: number;
  readonly text: string;
}

interface ShareListProps {
  readonly title: string;
  readonly shares: readonly Share[];
  /** Text where there are none. */
  readonly empty: string;
  readonly tone?: 'accent' | 'bad';
}

/** Values with bars, the longest of which is the largest value. */
export const ShareList = ({ title, shares, empty, tone = 'accent' }: ShareListProps) => {
  const largest = Math.max(0, ...shares.map(({ value }) => value));
  return (
    <Card title={title}>
      {shares.length === 0 ? (
        <p className="empty">{empty}</p>
      ) : (
        <ul className="shares">
          {shares.map(({ key, name, value, text }) => (
            <li key={key}>
              <span>{name}</span>
              <b>{text}</b>
              <progress className={tone} max={largest === 0 ? 1 : largest} value={value} aria-hidden="true" />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
};
