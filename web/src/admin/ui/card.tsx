import type { ReactNode } from 'react';

interface CardProps {
  readonly title: ReactNode;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

/** A part of a page with its title. */
export const Card = ({ title, isWide = false, children }: CardProps) => (
  <section className={isWide ? 'card wide' : 'card'}>
    <h2>{title}</h2>
    {children}
  </section>
);
