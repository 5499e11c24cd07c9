/** Says that the user has signed out; `isEnded` when the API has ended the session. */
export const signedOut = ({ isEnded }: { isEnded: boolean }): string =>
  isEnded
    ? 'You are signed out.'
    : 'You are signed out here, but the server did not answer: the session itself stays open until it expires.';
