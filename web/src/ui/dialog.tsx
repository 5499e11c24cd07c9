import type { ReactNode } from 'react';
import { Button, Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Icon } from './icons.tsx';

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

/** A dialog over the page. What is in it is made anew each time that it opens. */
export const Dialog = ({ title, isOpen, onClose, isWide = false, children }: DialogProps) => (
  <ModalOverlay
    className="overlay"
    isOpen={isOpen}
    isDismissable
    onOpenChange={(isShown) => {
      if (!isShown) onClose();
    }}
  >
    <Modal className={isWide ? 'modal wide' : 'modal'}>
      <AriaDialog className="dialog">
        <header>
          <Heading slot="title">{title}</Heading>
          <Button className="icon-button" aria-label="Close" onPress={onClose}>
            <Icon name="close" />
          </Button>
        </header>
        {children}
      </AriaDialog>
    </Modal>
  </ModalOverlay>
);
