import { lazy, Suspense } from 'react';
import { Dialog } from '../ui/dialog.tsx';
import { Loading } from '../ui/loading.tsx';
import type { PlanStatus } from './use-status.ts';

/** Loaded when it is opened, as the settings are. */
const PlanPanel = lazy(() => import('./plan-panel.tsx'));

interface PlanDialogProps {
  readonly status: PlanStatus;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export const PlanDialog = ({ status: { current: status }, isOpen, onClose }: PlanDialogProps) => (
  <Dialog title="Your plan" isOpen={isOpen && status !== null} onClose={onClose}>
    {status !== null && (
      <Suspense fallback={<Loading label="Loading" />}>
        <PlanPanel status={status} />
      </Suspense>
    )}
  </Dialog>
);
