import { useEffect, useRef } from 'react';

/** Trusted Types, which this version of the DOM's types does not have. A browser without them takes texts. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML: (html: string) => string }): { createHTML: (html: string) => string };
}

/** The one policy that the content security policy of the page allows; it serves the frame below alone. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('search-suggestions', {
  createHTML: (html) => html,
});

const STYLE = /<style[^>]*>(.*?)<\/style>/gis;
/** Links lead to new tabs; the ground is that of the page. */
const HEAD = '<!doctype html><base target="_blank">';
const FRAME_STYLE = ':root { color-scheme: light dark; } body { margin: 6px 0; }';

/**
 * Google's search suggestions as Google has written them, which its terms ask for, in a frame without scripts and
 * forms.
 *
 * The frame has the content security policy of the page, which allows no styles in markup. So its styles are taken out
 * and given to it as a style sheet: for that it is of the page's origin, which helps nothing that cannot run.
 */
export function SearchSuggestions({ html }: { readonly html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const markup = HEAD + html.replaceAll(STYLE, '');
    const adoptStyle = () => {
      const view = element.contentWindow as (Window & typeof globalThis) | null;
      if (view === null) return;
      const sheet = new view.CSSStyleSheet();
      sheet.replaceSync([FRAME_STYLE, ...[...html.matchAll(STYLE)].map(([, style = '']) => style)].join('\n'));
      view.document.adoptedStyleSheets = [sheet];
      element.height = String(view.document.documentElement.offsetHeight);
    };
    element.addEventListener('load', adoptStyle);
    element.srcdoc = policy?.createHTML(markup) ?? markup;
    return () => {
      element.removeEventListener('load', adoptStyle);
    };
  }, [html]);
  return (
    <iframe
      ref={frame}
      className="search-suggestions"
      title="Search suggestions"
      height={64}
      sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    />
  );
}
