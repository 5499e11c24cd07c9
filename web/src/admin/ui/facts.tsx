import type { ReactNode } from 'react';

/** Names with their values. */
export const Facts = ({ of, className }: { of: readonly (readonly [name: string, value: ReactNode])[]; className?: string }) => (
  <dl className={className}>
    {of.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
