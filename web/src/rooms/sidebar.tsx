import { useState } from 'react';
import { Button, Dialog, Menu, MenuItem, MenuTrigger, Modal, ModalOverlay, Popover } from 'react-aria-components';
import { api, bodyOf } from '../api/client.ts';
import { session, type User } from '../api/session.ts';
import { clearDrafts } from '../conversation/use-draft-text.ts';
import { signedOut } from '../sign-in/signed-out.ts';
import { DayMeter } from '../plan/day-meter.tsx';
import { PlanDialog } from '../plan/plan-dialog.tsx';
import type { PlanStatus } from '../plan/use-status.ts';
import { SettingsDialog } from '../settings/settings-dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { RoomList } from './room-list.tsx';
import { Search } from './search.tsx';
import type { Rooms } from './use-rooms.ts';

interface SidebarProps {
  readonly user: User;
  readonly rooms: Rooms;
  readonly status: PlanStatus;
  readonly currentId: string | null;
}

type Shown = 'settings' | 'plan' | null;

/** The rooms and the account: beside the conversation, or on a narrow page in a drawer. */
export function Sidebar(props: SidebarProps) {
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [shown, setShown] = useState<Shown>(null);
  const close = () => {
    setShown(null);
  };
  const show = (next: Shown) => {
    setDrawerOpen(false);
    setShown(next);
  };
  return (
    <>
      <aside className="sidebar">
        <Contents {...props} onShow={show} />
      </aside>
      <Button
        className="icon-button drawer-button"
        aria-label="Chats"
        onPress={() => {
          setDrawerOpen(true);
        }}
      >
        <Icon name="menu" />
      </Button>
      <ModalOverlay className="overlay drawer" isOpen={isDrawerOpen} onOpenChange={setDrawerOpen} isDismissable>
        <Modal className="sidebar">
          <Dialog aria-label="Chats" className="drawer-dialog">
            <Contents
              {...props}
              onShow={show}
              onChosen={() => {
                setDrawerOpen(false);
              }}
            />
          </Dialog>
        </Modal>
      </ModalOverlay>
      <SettingsDialog user={props.user} isOpen={shown === 'settings'} onClose={close} />
      <PlanDialog status={props.status} isOpen={shown === 'plan'} onClose={close} />
    </>
  );
}

interface ContentsProps extends SidebarProps {
  readonly onShow: (shown: Shown) => void;
  readonly onChosen?: () => void;
}

function Contents({ user, rooms, status, currentId, onShow, onChosen }: ContentsProps) {
  const [query, setQuery] = useState('');
  const signOut = async () => {
    const isEnded = await bodyOf(api.POST('/auth/logout')).then(
      () => true,
      () => session.user() === null,
    );
    clearDrafts();
    session.end(signedOut({ isEnded }));
  };
  return (
    <>
      <p className="brand">
        <Icon name="spark" /> Gemini Chat
      </p>
      <a className="new-chat" href="#/" onClick={onChosen}>
        <Icon name="plus" /> New chat
      </a>
      <Search query={query} onChange={setQuery} onChosen={onChosen} />
      {query.trim() === '' && <RoomList rooms={rooms} currentId={currentId} onChosen={onChosen} />}
      <footer>
        <DayMeter
          status={status.current}
          onUpgrade={() => {
            onShow('plan');
          }}
        />
        <MenuTrigger>
          <Button className="account">
            <span className="avatar" aria-hidden="true">
              {user.username.slice(0, 1).toUpperCase()}
            </span>
            <span>{user.username}</span>
            <Icon name="more" />
          </Button>
          <Popover className="popover" placement="top start">
            <Menu
              onAction={(action) => {
                if (action === 'sign-out') void signOut();
                else onShow(action as Shown);
              }}
            >
              <MenuItem id="settings">Settings</MenuItem>
              <MenuItem id="plan">Your plan</MenuItem>
              <MenuItem id="sign-out">Sign out</MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </footer>
    </>
  );
}
