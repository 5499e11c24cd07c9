import { lazy, Suspense } from 'react';
import type { User } from '../api/session.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Loading } from '../ui/loading.tsx';

/** Loaded when it is opened: what is needed for a first answer is less without it. */
const SettingsPanels = lazy(() => import('./settings-panels.tsx'));

interface SettingsDialogProps {
  readonly user: User;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export const SettingsDialog = ({ user, isOpen, onClose }: SettingsDialogProps) => (
  <Dialog title="Settings" isOpen={isOpen} onClose={onClose} isWide>
    <p className="soft">
      {user.username} · {user.mobile_number}
    </p>
    <Suspense fallback={<Loading label="Loading" />}>
      <SettingsPanels user={user} />
    </Suspense>
  </Dialog>
);
