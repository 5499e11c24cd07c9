import { useEffect, useSyncExternalStore } from 'react';
import { Frame } from './frame/frame.tsx';
import { applyTheme } from './frame/theme.ts';
import { session } from './session.ts';
import { SignInPage } from './sign-in/sign-in-page.tsx';

applyTheme();

export function Administration() {
  const user = useSyncExternalStore(session.subscribe, session.user);
  const endedBecause = useSyncExternalStore(session.subscribe, session.endedBecause);
  useEffect(() => {
    if (user === null) document.title = 'Administration';
  }, [user]);
  return user === null ? <SignInPage notice={endedBecause} /> : <Frame user={user} />;
}
