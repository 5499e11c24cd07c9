import { lazy, Suspense, useSyncExternalStore } from 'react';
import { session } from './api/session.ts';
import { SignInPage } from './sign-in/sign-in-page.tsx';
import { Loading } from './ui/loading.tsx';

const ChatPage = lazy(() => import('./chat-page.tsx'));

export function App() {
  const user = useSyncExternalStore(session.subscribe, session.user);
  const endedBecause = useSyncExternalStore(session.subscribe, session.endedBecause);
  if (user === null) return <SignInPage notice={endedBecause} />;
  return (
    <Suspense fallback={<Loading label="Loading your chats" />}>
      <ChatPage key={user.id} user={user} />
    </Suspense>
  );
}
