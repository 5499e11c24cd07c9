import { Button } from 'react-aria-components';

interface PagesProps {
  /** Null where there is no such page. */
  readonly onPrevious: (() => void) | null;
  readonly onNext: (() => void) | null;
}

export const Pages = ({ onPrevious, onNext }: PagesProps) => (
  <nav className="pages" aria-label="Pages">
    <Button className="button small" isDisabled={onPrevious === null} onPress={() => onPrevious?.()}>
      ← Previous
    </Button>
    <Button className="button small" isDisabled={onNext === null} onPress={() => onNext?.()}>
      Next →
    </Button>
  </nav>
);
