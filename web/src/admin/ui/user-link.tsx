import { hrefOf } from '../route.ts';
import { ShortId } from './short-id.tsx';

interface UserLinkProps {
  readonly id: string;
  /** Null when the account is erased. */
  readonly username: string | null;
}

export const UserLink = ({ id, username }: UserLinkProps) => <a href={hrefOf(`users/${id}`)}>{username ?? <ShortId id={id} />}</a>;
