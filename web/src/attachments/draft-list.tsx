import { Button } from 'react-aria-components';
import { Icon } from '../ui/icons.tsx';
import type { Drafts } from './use-drafts.ts';

/** The files of the message that is being written, each with how far it is, or why it was refused. */
export const DraftList = ({ drafts }: { drafts: Drafts }) => (
  <ul className="drafts" aria-label="Files of the message">
    {drafts.list.map(({ key, name, progress, attachment, error, preview }) => (
      <li key={key} className={error === null ? 'draft' : 'draft refused'}>
        {preview !== null && error === null ? <img src={preview} alt="" /> : <Icon name="file" />}
        <span className="file-name">{name}</span>
        {error !== null && <span role="alert">{error}</span>}
        {attachment === null && error === null && <progress aria-label={`Upload of ${name}`} value={progress} max={1} />}
        <Button
          className="icon-button small"
          aria-label={`Remove ${name}`}
          onPress={() => {
            drafts.remove(key);
          }}
        >
          <Icon name="close" />
        </Button>
      </li>
    ))}
  </ul>
);
