import { useEffect, useRef } from 'react';
import { hrefOf } from '../route.ts';
import { PARTS } from './parts.ts';

/** The parts. On a phone they are wider than the screen, and the one that is shown is in sight. */
export function PartsNav({ current }: { current: string }) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const show = () => {
      const parts = nav.current;
      const link = parts?.querySelector<HTMLElement>('[aria-current]');
      // Not scrollIntoView: the next Tab would begin from there.
      if (parts && link) parts.scrollLeft = link.offsetLeft - parts.offsetLeft - (parts.clientWidth - link.offsetWidth) / 2;
    };
    show();
    addEventListener('resize', show);
    return () => {
      removeEventListener('resize', show);
    };
  }, [current]);
  return (
    <nav aria-label="Parts" ref={nav}>
      {[...PARTS].map(([path, { name }]) => (
        <a key={path} href={hrefOf(path)} aria-current={path === current ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
