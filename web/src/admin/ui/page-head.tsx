import type { ReactNode } from 'react';

/** The title of a page, and what can be done there. */
export const PageHead = ({ title, children }: { title: ReactNode; children?: ReactNode }) => (
  <header className="page-head">
    <h1>{title}</h1>
    {children}
  </header>
);
