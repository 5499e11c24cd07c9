import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Administration } from './administration.tsx';
import '../ui/base.css';
import './admin.css';

const page = document.getElementById('page');
if (page) {
  createRoot(page).render(
    <StrictMode>
      <Administration />
    </StrictMode>,
  );
}
