import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import { Button } from 'react-aria-components';
import { Notices } from '../../ui/notices.tsx';
import { useRoute } from '../route.ts';
import { type Administrator, session } from '../session.ts';
import { PartsNav } from './parts-nav.tsx';
import { PARTS } from './parts.ts';
import { switchTheme } from './theme.ts';
import { useSearchKey } from './use-search-key.ts';

/** The parts at the left, one of them at the right. */
export function Frame({ user }: { user: Administrator }) {
  const { part, id } = useRoute();
  const main = useRef<HTMLElement>(null);
  const name = PARTS.has(part) ? part : 'overview';
  const { name: title, page: Page, pageOfOne: PageOfOne } = PARTS.get(name) ?? {};
  useEffect(() => {
    document.title = `${title ?? ''} – Administration`;
  }, [title]);
  useFocusOnArrival(main, `${name}/${id ?? ''}`);
  useSearchKey(main);
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <div className="console">
        <aside className="parts">
          <p className="brand">Administration</p>
          <PartsNav current={name} />
          <div className="who">
            <span>{user.username}</span>
            <Button className="button small" onPress={switchTheme}>
              Switch theme
            </Button>
            <Button className="button small" onPress={() => void session.signOut()}>
              Sign out
            </Button>
          </div>
        </aside>
        <main id="main" tabIndex={-1} ref={main}>
          {id !== null && PageOfOne ? <PageOfOne key={id} id={id} /> : Page && <Page key={name} />}
        </main>
      </div>
      <Notices />
    </>
  );
}

/** Where the focus was in the page that has gone, it is at the top of the new one. The focus outside of it stays. */
function useFocusOnArrival(main: RefObject<HTMLElement | null>, page: string): void {
  const shown = useRef(page);
  useLayoutEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    if (document.activeElement === document.body) main.current?.focus();
  }, [main, page]);
}
