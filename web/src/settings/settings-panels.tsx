import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import type { User } from '../api/session.ts';
import { DataPanel } from './data-panel.tsx';
import { PasswordPanel } from './password-panel.tsx';
import { SessionsPanel } from './sessions-panel.tsx';

export default function SettingsPanels({ user }: { user: User }) {
  return (
    <Tabs className="tabs">
      <TabList aria-label="Settings">
        <Tab id="sessions">Sessions</Tab>
        <Tab id="password">Password</Tab>
        <Tab id="data">Your data</Tab>
      </TabList>
      <TabPanel id="sessions">
        <SessionsPanel />
      </TabPanel>
      <TabPanel id="password">
        <PasswordPanel user={user} />
      </TabPanel>
      <TabPanel id="data">
        <DataPanel user={user} />
      </TabPanel>
    </Tabs>
  );
}
